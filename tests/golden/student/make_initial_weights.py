"""Writes initial_*.pth, initial_vit.safetensors and initial_weights.safetensors beside this script: files as torchvision,
timm and the authors of AVT and Sign2Text publish their weights, small, and what models say that begin with them.

    python tests/golden/student/make_initial_weights.py     (torch and safetensors)

Models are those of video_models.safetensors, with its initial parameters; CASE/logits is what one says of CASE/frames
(B, T, 3, S, S), out of training, when the file's weights have taken the place of its own. Heads of the files are for
FILE_CLASSES classes, where they are not to be taken over.
"""

import os

import torch
from safetensors.torch import load_file, save_file

from make_video_models import CLASSES, HERE, draw, normalised
from video_models import AVT, ResNet18, Sign2Text, SignTimeSformer, ViT

FILE_CLASSES = 7
torch.manual_seed(67)
golden = load_file(os.path.join(HERE, "video_models.safetensors"))
outputs = {}


def path(name):
    return os.path.join(HERE, name)


def drawn(model):
    draw(model)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(torch.randn_like(buffer) * 0.3)
        if name.endswith("running_var"):
            buffer.copy_(0.5 + torch.rand_like(buffer))
        if name.endswith("num_batches_tracked"):
            buffer.fill_(1000)
    return model


def weights(model):
    """As they lie in a file."""
    return {name: t.detach().float() if t.is_floating_point() else t for name, t in model.state_dict().items()}


def begin(model, case):
    """With the initial parameters of the model of this name."""
    own = {n.removeprefix(f"{case}/initial/"): t for n, t in golden.items() if n.startswith(f"{case}/initial/")}
    missing, unexpected = model.double().load_state_dict(own, strict=False)
    assert not unexpected and all("num_batches_tracked" in name for name in missing)
    return model


def record(case, model, frames, side):
    pictures = torch.randint(256, (2, frames, 3, side, side), dtype=torch.uint8)
    with torch.no_grad():
        outputs.update({f"{case}/frames": pictures, f"{case}/logits": model.eval()(normalised(pictures))[0].float()})


def rounded(model, part, state):
    """The file's numbers, which are float32, in a part of the model."""
    part.load_state_dict({name: t for name, t in state.items() if name in part.state_dict()})
    return model.double()


sign = dict(classes=CLASSES, width=2, hidden=3, dropout=0.0, feature=16, layers=2, frames=4)
small = dict(side=12, patch=4, width=12)

state = weights(drawn(ResNet18(2, FILE_CLASSES)))
torch.save(state, path("initial_resnet.pth"))
model = begin(Sign2Text(**sign), "sign2text")
record("resnet", rounded(model, model.cnn, state), 4, 33)

state = weights(drawn(ViT(FILE_CLASSES, 12, 4, 8, 2, 2)))
save_file({name: t.contiguous() for name, t in state.items()}, path("initial_vit.safetensors"))
model = begin(AVT(classes=CLASSES, frames=3, layers=2, heads=2, backbone=(8, 2, 2), **small), "avt")
record("vit", rounded(model, model.backbone, state), 3, 12)

state = weights(drawn(SignTimeSformer(classes=CLASSES, frames=4, layers=2, heads=3, **small)))
torch.save({"model_state_dict": state, "epoch": 3}, path("initial_timesformer.pth"))
model = SignTimeSformer(classes=CLASSES, frames=4, layers=2, heads=3, **small)
record("timesformer", rounded(model, model, state), 4, 12)

# Sign2Text with its network as a Sequential of torchvision's parts, and a head for other classes
state = weights(drawn(Sign2Text(**{**sign, "classes": FILE_CLASSES})))
order = {"conv1": 0, "bn1": 1, "layer1": 4, "layer2": 5, "layer3": 6, "layer4": 7}
theirs = {}
for name, t in state.items():
    words = name.split(".")
    if words[0] == "cnn":
        words[1] = str(order[words[1]])
    theirs[".".join(words)] = t
torch.save({"model_state_dict": theirs}, path("initial_sign2text.pth"))
model = begin(Sign2Text(**sign), "sign2text")
head = {name: t for name, t in model.state_dict().items() if name.startswith("fc.3.")}
record("sign2text", rounded(model, model, {**state, **head}), 4, 33)

# AVT: timm's model below backbone.model, Transformers' GPT-2 with joint projections that are (in, out)
state = weights(drawn(AVT(classes=CLASSES, frames=3, layers=2, heads=2, backbone=(8, 2, 2), **small)))
theirs = {}
for name, t in state.items():
    if name.startswith("backbone."):
        theirs[name.replace("backbone.", "backbone.model.")] = t
gpt = "future_predictor.gpt_model."
theirs["future_predictor.encoder.weight"] = state["input.weight"]
theirs["future_predictor.decoder.weight"] = state["output.weight"]
theirs[gpt + "wpe.weight"] = torch.cat([state["decoder.position"], torch.randn(13, 12)])
for i in range(2):
    ours, block = f"decoder.layer.{i}.", f"{gpt}h.{i}."
    parts = [ours + f"attention.{part}" for part in ("query", "key", "value")]
    theirs[block + "attn.c_attn.weight"] = torch.cat([state[p + ".weight"].t() for p in parts], 1)
    theirs[block + "attn.c_attn.bias"] = torch.cat([state[p + ".bias"] for p in parts])
    for before, after in ("attention.output", "attn.c_proj"), ("inner", "mlp.c_fc"), ("outer", "mlp.c_proj"):
        theirs[block + after + ".weight"] = state[ours + before + ".weight"].t()
        theirs[block + after + ".bias"] = state[ours + before + ".bias"]
    for before, after in ("norm_attention", "ln_1"), ("norm_inner", "ln_2"):
        for kind in "weight", "bias":
            theirs[f"{block}{after}.{kind}"] = state[f"{ours}{before}.{kind}"]
    theirs[block + "attn.bias"] = torch.ones(1, 1, 16, 16).tril().bool()
for kind in "weight", "bias":
    theirs[f"{gpt}ln_f.{kind}"] = state[f"decoder.norm.{kind}"]
    theirs[f"classifiers.action.{kind}"] = state[f"classifier.{kind}"]
torch.save({"model": theirs, "optimizer": {}, "epoch": 9}, path("initial_avt.pth"))
model = AVT(classes=CLASSES, frames=3, layers=2, heads=2, backbone=(8, 2, 2), **small)
record("avt", rounded(model, model, state), 3, 12)

save_file(outputs, path("initial_weights.safetensors"), metadata={"torch": torch.__version__})
os.chmod(path("initial_weights.safetensors"), 0o644)
os.chmod(path("initial_vit.safetensors"), 0o644)
