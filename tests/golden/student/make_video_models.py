"""Writes video_models.safetensors beside this script: the models of video_models.py, small, in float64 and written as
float32, so that the rounding is all on the side under test.

For each CASE: frames (BATCHES, B, T, 3, S, S) in bytes and labels (STEPS, B), step s training on frames s % BATCHES;
initial/NAME, parameters and running statistics; of the first step logits, feature, attention, and gradient/NAME of the
loss (cross entropy plus the mean square of the feature); after ten steps losses and final/NAME; and of the final model
out of training eval/logits of the first frames.
"""

import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

from video_models import AVT, Sign2Text, SignTimeSformer

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS, BATCHES, BATCH, CLASSES = 10, 3, 2, 5
torch.manual_seed(31)
torch.use_deterministic_algorithms(True)


def named(model, gradient=False):
    for name, p in model.named_parameters():
        yield name, p.grad if gradient else p.data
    for name, b in model.named_buffers():
        if not gradient and "running" in name:
            yield name, b


def draw(model):
    """Weights that keep the size of what passes through, float32 numbers."""
    for p in model.parameters():
        p.data = torch.randn_like(p) * (0.3 if p.dim() <= 1 else 1.2 * p[0].numel() ** -0.5)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm2d, nn.LayerNorm)):
            module.weight.data += 1
    model.double()


def optimizer_of(model, kind):
    if kind == "sgd":
        return torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    return torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-4, weight_decay=1e-2)


def normalised(frames):
    return (frames.double() / 255 - 0.5) / 0.25


def record(into, case, model, frames, side, optimizer):
    draw(model)
    pictures = torch.randint(256, (BATCHES, BATCH, frames, 3, side, side), dtype=torch.uint8)
    labels = torch.randint(CLASSES, (STEPS, BATCH))
    into |= {f"{case}/frames": pictures, f"{case}/labels": labels}
    into |= {f"{case}/initial/{name}": t.clone() for name, t in named(model)}
    optim = optimizer_of(model, optimizer)
    losses = []
    model.train()
    for step in range(STEPS):
        outputs = model(normalised(pictures[step % BATCHES]))
        loss = F.cross_entropy(outputs[0], labels[step]) + outputs[1].square().mean()
        optim.zero_grad()
        loss.backward()
        if step == 0:
            into |= {f"{case}/{n}": t for n, t in zip(("logits", "feature", "attention"), outputs) if t is not None}
            into |= {f"{case}/gradient/{name}": g.clone() for name, g in named(model, gradient=True) if g is not None}
        optim.step()
        losses.append(loss)
    into[f"{case}/losses"] = torch.stack(losses)
    into |= {f"{case}/final/{name}": t.clone() for name, t in named(model)}
    model.eval()
    into[f"{case}/eval/logits"] = model(normalised(pictures[0]))[0]
    print(case, [round(x.item(), 4) for x in losses], file=sys.stderr)


def save(name, tensors):
    tensors = {key: t.detach().float() if t.is_floating_point() else t for key, t in tensors.items()}
    path = os.path.join(HERE, name)
    save_file({key: t.contiguous().clone() for key, t in tensors.items()}, path, metadata={"torch": torch.__version__})
    os.chmod(path, 0o644)


if __name__ == "__main__":
    sign = dict(classes=CLASSES, width=2, hidden=3, dropout=0.0)
    small = dict(classes=CLASSES, side=12, patch=4, width=12)
    tensors = {}
    record(tensors, "sign2text", Sign2Text(feature=16, layers=2, frames=4, **sign), 4, 33, "sgd")
    record(tensors, "projected", Sign2Text(feature=6, layers=1, frames=5, **sign), 3, 40, "adamw")
    record(tensors, "timesformer", SignTimeSformer(frames=4, layers=2, heads=3, **small), 4, 12, "sgd")
    record(tensors, "shorter", SignTimeSformer(frames=4, layers=1, heads=2, **small), 3, 12, "adamw")
    record(tensors, "avt", AVT(frames=3, layers=2, heads=2, backbone=(8, 2, 2), **small), 3, 12, "sgd")
    save("video_models.safetensors", tensors)
