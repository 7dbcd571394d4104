"""The other side of bench/teacher: a plain training loop over Transformers' BertModel.

teacher_loop.py DATA default|fused STEPS prints samples/s, seconds from the start of the process to the end of the first
step, and the largest resident memory in MB.
"""

import os
import random
import resource
import sys
import time

import torch
import torch.nn.functional as F
from transformers import BertConfig, BertModel, BertTokenizerFast

BATCH, HIST_LEN, WARM = 16, 5, 10
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


def main():
    data, optimizer, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
    torch.manual_seed(0)
    random.seed(0)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    tokenizer = BertTokenizerFast(os.path.join(data, "tokenizers/bert-base-uncased/vocab.txt"))
    samples = read_samples(os.path.join(data, "ek55_rulstm_split"))
    tokens = tokenizer([text for text, _ in samples])["input_ids"]
    model = BertModel(BertConfig(vocab_size=30522, hidden_size=256, num_hidden_layers=4, num_attention_heads=4,
                                 intermediate_size=1024), add_pooling_layer=False)
    heads = torch.nn.ModuleList(torch.nn.Linear(256, classes) for classes in TASKS)
    parameters = list(model.parameters()) + list(heads.parameters())
    optim = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.01, **({"fused": True} if optimizer == "fused" else {}))
    model.train()
    order = random.sample(range(len(samples)), BATCH * steps)
    first, begun = None, None
    for step in range(steps):
        chosen = order[step * BATCH:(step + 1) * BATCH]
        longest = max(len(tokens[i]) for i in chosen) + 3
        ids = torch.zeros(BATCH, longest, dtype=torch.long)
        mask = torch.zeros(BATCH, longest, dtype=torch.long)
        for row, i in enumerate(chosen):
            ids[row, :len(tokens[i])] = torch.tensor(tokens[i])
            mask[row, :len(tokens[i])] = 1
        labels = torch.tensor([samples[i][1] for i in chosen])
        state = model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]
        loss = sum(w * F.cross_entropy(head(state), labels[:, t]) for t, (w, head) in enumerate(zip(WEIGHTS, heads)))
        optim.zero_grad()
        loss.backward()
        optim.step()
        loss.item()
        if step == 0:
            first = seconds_since_start()
        if step == WARM - 1:
            begun = time.perf_counter()
    rate = BATCH * (steps - WARM) / (time.perf_counter() - begun)
    print(f"{rate:.2f} {first:.3f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6:.0f}")


if __name__ == "__main__":
    main()
