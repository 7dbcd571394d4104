"""Writes encoder.safetensors beside this script: what Transformers' BertModel and PyTorch say of a small encoder.

start/NAME: initial parameters. batch/*: ids, ages (token types) and first of packed sequences, labels. plain/* and
factored/*: features, logits, loss and gradient/NAME (factored: an action's logit also gets its verb's and its noun's).
steps/loss and steps/parameter/NAME: ten AdamW steps of the plain model on that batch.
"""

import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import BertConfig, BertModel

HERE = os.path.dirname(os.path.abspath(__file__))
ACTIONS, VERBS, NOUNS, WIDTH = 12, 4, 5, 32
TASKS, WEIGHTS, SMOOTHING = ("action", "verb", "noun"), (0.7, 0.2, 0.1), 0.1
LENGTHS = (7, 12, 1, 9, 4)

torch.manual_seed(31)
bert = BertModel(
    BertConfig(vocab_size=100, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
               max_position_embeddings=40, type_vocab_size=6, hidden_dropout_prob=0, attention_probs_dropout_prob=0),
    add_pooling_layer=False)
heads = torch.nn.ModuleDict({name: torch.nn.Linear(WIDTH, n) for name, n in zip(TASKS, (ACTIONS, VERBS, NOUNS))})
for name, parameter in bert.named_parameters():  # norms and biases that do something
    if parameter.dim() == 1:
        parameter.data += 0.1 * torch.randn_like(parameter)
bert.embeddings.word_embeddings.weight.data[0] = 0.02 * torch.randn(WIDTH)  # the row of [PAD] is as any other
bert.embeddings.word_embeddings.padding_idx = None

ids = [torch.randint(100, (n,)) for n in LENGTHS]
ages = [torch.randint(6, (n,)) for n in LENGTHS]
verb_of, noun_of = torch.randint(VERBS, (ACTIONS,)), torch.randint(NOUNS, (ACTIONS,))
action = torch.tensor([3, 11, 0, 3, 7])
labels = {"action": action, "verb": verb_of[action], "noun": noun_of[action]}
class_weight = {}
for name, n in zip(TASKS, (ACTIONS, VERBS, NOUNS)):
    count = torch.bincount(labels[name], minlength=n).float()
    class_weight[name] = torch.where(count > 0, len(action) / (n * count), torch.zeros(()))


def parameters():
    yield from bert.named_parameters()
    yield from (("heads." + name, p) for name, p in heads.named_parameters())


def padded(rows):
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def forward(factored):
    mask = padded([torch.ones(n, dtype=torch.long) for n in LENGTHS])
    states = bert(input_ids=padded(ids), token_type_ids=padded(ages), attention_mask=mask).last_hidden_state
    out = {"features": states[:, 0]}
    for name in TASKS:
        out[name] = heads[name](out["features"])
    if factored:
        out["action"] = out["action"] + out["verb"][:, verb_of] + out["noun"][:, noun_of]
    out["loss"] = sum(w * F.cross_entropy(out[name], labels[name], class_weight[name], label_smoothing=SMOOTHING)
                      for w, name in zip(WEIGHTS, TASKS))
    return out


tensors = {"start/" + name: p.detach().clone() for name, p in parameters()}
first = torch.tensor([0] + list(LENGTHS)).cumsum(0)
tensors.update({"batch/ids": torch.cat(ids), "batch/ages": torch.cat(ages), "batch/first": first,
                "batch/verb_of": verb_of, "batch/noun_of": noun_of})
tensors.update({"batch/" + name: value for name, value in labels.items()})

for case in ("plain", "factored"):
    out = forward(case == "factored")
    for _, p in parameters():
        p.grad = None
    out["loss"].backward()
    tensors.update({f"{case}/{name}": value.detach() for name, value in out.items()})
    tensors.update({f"{case}/gradient/{name}": p.grad.clone() for name, p in parameters()})

optimizer = torch.optim.AdamW(
    [{"params": [p for _, p in parameters() if p.dim() > 1], "weight_decay": 0.01},
     {"params": [p for _, p in parameters() if p.dim() == 1], "weight_decay": 0.0}], lr=1e-3, eps=1e-8)
losses = []
for _ in range(10):
    optimizer.zero_grad()
    loss = forward(False)["loss"]
    loss.backward()
    optimizer.step()
    losses.append(loss.detach())
tensors["steps/loss"] = torch.stack(losses)
tensors.update({"steps/parameter/" + name: p.detach() for name, p in parameters()})

path = os.path.join(HERE, "encoder.safetensors")
save_file({name: value.contiguous().clone() for name, value in tensors.items()}, path,
          metadata={"torch": torch.__version__})
os.chmod(path, 0o644)
