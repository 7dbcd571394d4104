"""Writes avt.safetensors beside this script: AVT-h of PyTorch's own layers, without and with an encoder of frames, and
with a classifier composed of actions, verbs and nouns.

For each CASE ("published", "encoder", "composed"): frames, labels, past_labels of ten batches; initial/NAME parameters; outputs of the
first batch (x, decoded, future, logits, past_logits), its losses (classification, feature, past) and gradient/NAME of
their weighted sum; after ten steps of SGD with Nesterov momentum, losses and final/NAME.
"""

import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, BATCH, FRAMES, INPUTS, ENCODER, WIDTH, HEADS, LAYERS, CLASSES = 10, 4, 5, 6, 11, 16, 4, 2, 7
VERB_OF, NOUN_OF = torch.tensor([0, 0, 1, 1, 2, 2, 0]), torch.tensor([0, 1, 0, 1, 0, 1, 3])  # noun 2 has no action
WEIGHTS = (1.0, 2.0, 0.5)  # classification, feature, past
torch.manual_seed(11)
torch.use_deterministic_algorithms(True)


class AVT(nn.Module):
    def __init__(self, encoder, composed):
        super().__init__()
        features = encoder or INPUTS
        if encoder:
            self.encoder = nn.Linear(INPUTS, features)
            self.encoder_norm = nn.LayerNorm(features)
        self.input = nn.Linear(features, WIDTH, bias=False)
        self.position = nn.Parameter(torch.empty(FRAMES, WIDTH))
        gelu = nn.GELU(approximate="tanh")
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, 0.0, gelu, batch_first=True, norm_first=True)
            for _ in range(LAYERS)
        )
        self.norm = nn.LayerNorm(WIDTH)
        self.output = nn.Linear(WIDTH, features, bias=False)
        self.classifier = nn.Linear(features, CLASSES)
        if composed:
            self.verb, self.noun = nn.Linear(features, 3), nn.Linear(features, 4)
        for p in self.parameters():
            nn.init.normal_(p, 0, 0.2)

    def classify(self, x):
        logits = self.classifier(x)
        if hasattr(self, "verb"):
            logits = logits + self.verb(x)[..., VERB_OF] + self.noun(x)[..., NOUN_OF]
        return logits

    def forward(self, frames):
        x = self.encoder_norm(F.relu(self.encoder(frames))) if hasattr(self, "encoder") else frames
        h = self.input(x) + self.position
        mask = nn.Transformer.generate_square_subsequent_mask(FRAMES)
        for layer in self.layers:
            h = layer(h, src_mask=mask, is_causal=True)
        decoded = self.output(self.norm(h))
        past = torch.cat([x[:, :1], decoded[:, :-1]], 1)
        future = decoded[:, -1]
        return x, decoded, future, self.classify(future), self.classify(past)


def losses(outputs, labels, past_labels):
    x, decoded, _, logits, past_logits = outputs
    past = F.cross_entropy(past_logits.flatten(0, 1), past_labels.flatten(), ignore_index=-100, reduction="none")
    return F.cross_entropy(logits, labels), F.mse_loss(decoded[:, :-1], x[:, 1:]), past.mean()


def named(model, gradient=False):
    """Parameters (or their gradients) under this project's names; the joint projection is cut into three."""
    for name, p in model.named_parameters():
        value = p.grad if gradient else p.data
        name = name.replace("layers.", "decoder.layer.").replace("norm1", "norm_attention").replace("norm2", "norm_inner")
        name = name.replace("linear1", "inner").replace("linear2", "outer").replace("self_attn", "attention")
        name = name.replace("out_proj", "output")
        if name in ("position", "norm.weight", "norm.bias"):
            name = "decoder." + name
        if "in_proj_" in name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3)):
                yield name.replace("in_proj_", part + "."), rows
        else:
            yield name, value


def record(into, case, encoder, composed=False):
    model = AVT(encoder, composed)
    frames = torch.randn(STEPS, BATCH, FRAMES, INPUTS)
    labels = torch.randint(CLASSES, (STEPS, BATCH))
    past_labels = torch.randint(CLASSES, (STEPS, BATCH, FRAMES))
    past_labels[torch.rand(past_labels.shape) < 0.4] = -100
    into |= {f"{case}/frames": frames, f"{case}/labels": labels, f"{case}/past_labels": past_labels}
    into |= {f"{case}/initial/{name}": p.clone() for name, p in named(model)}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    totals = []
    for step in range(STEPS):
        outputs = model(frames[step])
        parts = losses(outputs, labels[step], past_labels[step])
        total = sum(w * part for w, part in zip(WEIGHTS, parts))
        optimizer.zero_grad()
        total.backward()
        if step == 0:
            into |= {f"{case}/{n}": t for n, t in zip(("x", "decoded", "future", "logits", "past_logits"), outputs)}
            into |= {f"{case}/{n}": t.reshape(1) for n, t in zip(("classification", "feature", "past"), parts)}
            into |= {f"{case}/gradient/{name}": g.clone() for name, g in named(model, gradient=True)}
        optimizer.step()
        totals.append(total)
    into[f"{case}/losses"] = torch.stack(totals)
    into |= {f"{case}/final/{name}": p.clone() for name, p in named(model)}


tensors = {}
record(tensors, "published", 0)
record(tensors, "encoder", ENCODER)
record(tensors, "composed", 0, True)
tensors = {name: t.detach().contiguous().clone() for name, t in tensors.items()}
path = os.path.join(HERE, "avt.safetensors")
save_file(tensors, path, metadata={"torch": torch.__version__})
os.chmod(path, 0o644)
