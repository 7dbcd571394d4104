"""The other side of bench/teacher: a plain training loop over Transformers' BertModel.

teacher_loop.py DATA default|fused|compiled STEPS [DEVICE [PRECISION [BATCH]]] prints samples/s, seconds from the start of
the process to the end of the first step, and the largest resident memory in MB. `compiled` is `fused` with the model
through torch.compile; bfloat16 is autocast, as a plain loop has it.
"""

import os
import random
import resource
import sys
import time

import torch
import torch.nn.functional as F
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel

HIST_LEN, WARM, WARM_COMPILED = 5, 10, 60
TASKS, WEIGHTS = (2513, 125, 352), (0.7, 0.15, 0.15)


def seconds_since_start():
    started = float(open("/proc/self/stat").read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def read_samples(folder):
    """Histories as text, and what followed: (action, verb, noun)."""
    actions = {}
    for line in open(os.path.join(folder, "actions.csv")).read().splitlines()[1:]:
        number, name, verb, noun = line.split(",")
        verb_text, noun_text = name.strip().split("_", 1)
        text = verb_text + " <v> " + " ".join(reversed(noun_text.split(":")))
        actions[int(number)] = (text, int(verb), int(noun))
    rows = [[field.strip() for field in line.split(",")] for line in open(os.path.join(folder, "training.csv"))]
    rows = sorted((row[1], int(row[2]), i, int(row[6])) for i, row in enumerate(rows))
    samples, video, history = [], None, []
    for name, _, _, action in rows:
        if name != video:
            video, history = name, []
        samples.append((" <a> ".join(history[-HIST_LEN:]), (action, *actions[action][1:])))
        history.append(actions[action][0])
    return samples


def choose(count, wanted):
    """Samples of as many epochs as it takes, each in an order of its own."""
    order = []
    while len(order) < wanted:
        order += random.sample(range(count), count)
    return order


def main():
    data, kind, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
    device, precision, batch = (sys.argv[4:] + ["cpu", "float32", "16"][len(sys.argv) - 4:])[:3]
    batch = int(batch)
    torch.backends.cuda.matmul.allow_tf32 = precision == "tfloat32"
    warm = WARM_COMPILED if kind == "compiled" else WARM
    torch.manual_seed(0)
    random.seed(0)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    tokenizer = BertWordPieceTokenizer(os.path.join(data, "tokenizers/bert-base-uncased/vocab.txt"), lowercase=True)
    samples = read_samples(os.path.join(data, "ek55_rulstm_split"))
    tokens = [encoding.ids for encoding in tokenizer.encode_batch([text for text, _ in samples])]
    model = BertModel(BertConfig(vocab_size=30522, hidden_size=256, num_hidden_layers=4, num_attention_heads=4,
                                 intermediate_size=1024), add_pooling_layer=False).to(device)
    heads = torch.nn.ModuleList(torch.nn.Linear(256, classes) for classes in TASKS).to(device)
    parameters = list(model.parameters()) + list(heads.parameters())
    optim = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.01, **({} if kind == "default" else {"fused": True}))
    model.train()
    run = torch.compile(model, dynamic=True) if kind == "compiled" else model
    order = choose(len(samples), batch * steps)
    first, begun = None, None
    for step in range(steps):
        chosen = order[step * batch:(step + 1) * batch]
        longest = max(len(tokens[i]) for i in chosen) + 3
        ids = torch.zeros(batch, longest, dtype=torch.long)
        mask = torch.zeros(batch, longest, dtype=torch.long)
        for row, i in enumerate(chosen):
            ids[row, :len(tokens[i])] = torch.tensor(tokens[i])
            mask[row, :len(tokens[i])] = 1
        labels = torch.tensor([samples[i][1] for i in chosen]).to(device)
        with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bfloat16"):
            state = run(input_ids=ids.to(device), attention_mask=mask.to(device)).last_hidden_state[:, 0]
            loss = sum(w * F.cross_entropy(head(state), labels[:, t]) for t, (w, head) in enumerate(zip(WEIGHTS, heads)))
        optim.zero_grad()
        loss.backward()
        optim.step()
        loss.item()
        if step == 0:
            first = seconds_since_start()
        if step == warm - 1:
            begun = time.perf_counter()
    rate = batch * (steps - warm) / (time.perf_counter() - begun)
    print(f"{rate:.2f} {first:.3f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f}")


if __name__ == "__main__":
    main()
