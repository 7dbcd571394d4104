"""Writes mlm.safetensors beside this script: BERT's masked language model in plain PyTorch, its loss and gradients.

start/NAME: parameters, named as BertForMaskedLM's (the decoder is the table of words). batch/*: ids with words hidden,
first of packed sequences, rows that are asked for and their labels. mlm/*: states and logits of those rows, loss (the
mean over them) and gradient/NAME.
"""

import math
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS, WIDTH, HEADS, INNER, LAYERS, POSITIONS = 60, 32, 4, 64, 2, 20
LENGTHS, ASKED = (7, 12, 4), ((1, 5), (0, 3, 11, 7), (2,))

torch.manual_seed(17)
p = {}


def linear(name, rows, columns):
    p[name + ".weight"] = 0.2 * torch.randn(rows, columns)
    p[name + ".bias"] = 0.1 * torch.randn(rows)


def norm(name):
    p[name + ".weight"] = 1 + 0.1 * torch.randn(WIDTH)
    p[name + ".bias"] = 0.1 * torch.randn(WIDTH)


for table, rows in (("word", WORDS), ("position", POSITIONS), ("token_type", 1)):
    p[f"embeddings.{table}_embeddings.weight"] = 0.3 * torch.randn(rows, WIDTH)
norm("embeddings.LayerNorm")
for i in range(LAYERS):
    at = f"encoder.layer.{i}."
    for part in ("self.query", "self.key", "self.value", "output.dense"):
        linear(at + "attention." + part, WIDTH, WIDTH)
    norm(at + "attention.output.LayerNorm")
    linear(at + "intermediate.dense", INNER, WIDTH)
    linear(at + "output.dense", WIDTH, INNER)
    norm(at + "output.LayerNorm")
linear("cls.predictions.transform.dense", WIDTH, WIDTH)
norm("cls.predictions.transform.LayerNorm")
p["cls.predictions.bias"] = 0.1 * torch.randn(WORDS)
for value in p.values():
    value.requires_grad_()


def layer_norm(name, x):
    return F.layer_norm(x, (WIDTH,), p[name + ".weight"], p[name + ".bias"], 1e-12)


def dense(name, x):
    return F.linear(x, p[name + ".weight"], p[name + ".bias"])


def split(x):
    return x.view(-1, HEADS, WIDTH // HEADS).transpose(0, 1)


def encode(ids):
    x = (p["embeddings.word_embeddings.weight"][ids] + p["embeddings.position_embeddings.weight"][:len(ids)]
         + p["embeddings.token_type_embeddings.weight"][0])
    x = layer_norm("embeddings.LayerNorm", x)
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        q, k, v = (split(dense(at + "attention.self." + part, x)) for part in ("query", "key", "value"))
        seen = (q @ k.transpose(1, 2) / math.sqrt(WIDTH // HEADS)).softmax(-1) @ v
        seen = dense(at + "attention.output.dense", seen.transpose(0, 1).reshape(-1, WIDTH))
        x = layer_norm(at + "attention.output.LayerNorm", x + seen)
        x = layer_norm(at + "output.LayerNorm",
                       x + dense(at + "output.dense", F.gelu(dense(at + "intermediate.dense", x))))
    return x


ids = [torch.randint(WORDS, (n,)) for n in LENGTHS]
first = torch.tensor([0] + list(LENGTHS)).cumsum(0)
rows = torch.cat([first[s] + torch.tensor(asked) for s, asked in enumerate(ASKED)])
labels = torch.randint(WORDS, (len(rows),))

states = torch.cat([encode(each) for each in ids])[rows]
told = layer_norm("cls.predictions.transform.LayerNorm", F.gelu(dense("cls.predictions.transform.dense", states)))
logits = F.linear(told, p["embeddings.word_embeddings.weight"], p["cls.predictions.bias"])
loss = F.cross_entropy(logits, labels)
loss.backward()

tensors = {"start/" + name: value.detach() for name, value in p.items()}
tensors.update({"batch/ids": torch.cat(ids), "batch/first": first, "batch/rows": rows, "batch/labels": labels,
                "mlm/states": states.detach(), "mlm/logits": logits.detach(), "mlm/loss": loss.detach()})
tensors.update({"mlm/gradient/" + name: value.grad for name, value in p.items()})
path = os.path.join(HERE, "mlm.safetensors")
save_file({name: value.contiguous().clone() for name, value in tensors.items()}, path,
          metadata={"torch": torch.__version__})
os.chmod(path, 0o644)
