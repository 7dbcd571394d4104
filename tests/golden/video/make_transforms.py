"""Writes transforms.safetensors beside this script: what torchvision makes of two small pictures.

Needs torch 2.11, torchvision 0.26, safetensors. Pictures are uint8, (2, H, W, 3) in the file; one is full of contrast,
the other has few values and a channel without any. Every case is CASE/out, with its number in CASE/amount.

augment/KIND/N: RandAugment's operations, amount -1 .. 1 of the most. color/NAME/N: factors, shifts, bits. resize/N:
bilinear, CASE/antialias; the size is the result's. crops/N: three crops along the longer side of a picture whose
shorter side was scaled to 16, and the same mirrored. subsample/N: (T, n) in CASE/range, PyTorchVideo's frame numbers.
numbers: normalised pictures (2, 3, H, W), float32, by ImageNet's mean and deviation.
"""

import math
import os

import torch
import torchvision
from safetensors.torch import save_file
from torchvision.transforms.v2 import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
HEIGHT, WIDTH = 21, 27
BILINEAR = F.InterpolationMode.BILINEAR if hasattr(F, "InterpolationMode") else \
    torchvision.transforms.InterpolationMode.BILINEAR

torch.manual_seed(23)
out = {}


def make_pictures():
    y, x = torch.meshgrid(torch.linspace(0, 1, HEIGHT), torch.linspace(0, 1, WIDTH), indexing="ij")
    waves = torch.stack([torch.sin(9 * x + 4 * y), torch.cos(7 * y * x), x - y])
    busy = 127.5 + 110 * waves + 30 * torch.randn(3, HEIGHT, WIDTH)
    busy[:, 4:9, 5:12] = 255
    busy[:, 12:15, 15:22] = 0
    busy[1, 12:15, 15:22] = 200
    flat = 90 + 20 * torch.rand(3, HEIGHT, WIDTH)
    flat[2] = 77
    return torch.stack([busy, flat]).round().clamp(0, 255).to(torch.uint8)


def channels_last(x):
    return x.permute(0, 2, 3, 1).contiguous()


def record(case, value, amount=None):
    out[case + "/out"] = value.contiguous().clone()
    if amount is not None:
        out[case + "/amount"] = torch.tensor([amount], dtype=torch.float64)


pictures = make_pictures()
out["pictures"] = channels_last(pictures)


def affine(x, angle=0.0, translate=(0.0, 0.0), shear=(0.0, 0.0), center=None):
    return F.affine(x, angle=angle, translate=list(translate), scale=1.0, shear=list(shear), interpolation=BILINEAR,
                    fill=127.5, center=center)


def shear_degrees(m):
    return math.degrees(math.atan(m))


AUGMENT = {  # m: -1 .. 1
    "brightness": lambda x, m: F.adjust_brightness(x, 1 + 0.9 * m),
    "contrast": lambda x, m: F.adjust_contrast(x, 1 + 0.9 * m),
    "saturation": lambda x, m: F.adjust_saturation(x, 1 + 0.9 * m),
    "sharpness": lambda x, m: F.adjust_sharpness(x, 1 + 0.9 * m),
    "autocontrast": lambda x, m: F.autocontrast(x),
    "equalize": lambda x, m: F.equalize(x),
    "invert": lambda x, m: F.invert(x),
    "rotate": lambda x, m: F.rotate(x, 30 * m, interpolation=BILINEAR, fill=127.5),
    "posterize": lambda x, m: F.posterize(x, 4 - int(4 * m)),
    "solarize": lambda x, m: F.solarize(x, 255 * (1 - m)),
    "shear_x": lambda x, m: affine(x, shear=(shear_degrees(0.3 * m), 0.0), center=[0, 0]),
    "shear_y": lambda x, m: affine(x, shear=(0.0, shear_degrees(0.3 * m)), center=[0, 0]),
    "translate_x": lambda x, m: affine(x, translate=(0.45 * m * WIDTH, 0.0)),
    "translate_y": lambda x, m: affine(x, translate=(0.0, 0.45 * m * HEIGHT)),
}
ONE_WAY = ("posterize", "solarize")
WITHOUT = ("autocontrast", "equalize", "invert")

for name, operation in AUGMENT.items():
    amounts = (0.0,) if name in WITHOUT else (0.3, 0.9, 1.0) if name in ONE_WAY else (-0.9, -0.31, 0.5, 1.0)
    for i, m in enumerate(amounts):
        record(f"augment/{name}/{i}", channels_last(operation(pictures, m)), m)

COLOR = {
    "brightness": (F.adjust_brightness, (0.0, 0.6, 1.7)),
    "contrast": (F.adjust_contrast, (0.0, 0.6, 1.7)),
    "saturation": (F.adjust_saturation, (0.0, 0.6, 3.2)),
    "hue": (F.adjust_hue, (-0.5, -0.17, 0.08, 0.3)),
    "posterize": (F.posterize, (0, 1, 5, 8)),
    "solarize": (F.solarize, (0.0, 100.5, 255.0)),
}
for name, (operation, amounts) in COLOR.items():
    for i, amount in enumerate(amounts):
        record(f"color/{name}/{i}", channels_last(operation(pictures, amount)), amount)

SIZES = ((21, 27), (20, 26), (10, 13), (5, 31), (42, 50), (1, 1), (7, 2))
for i, size in enumerate(SIZES):
    for antialias in (False, True):
        small = F.resize(pictures.float(), list(size), interpolation=BILINEAR, antialias=antialias)
        record(f"resize/{2 * i + antialias}", channels_last(small.round().to(torch.uint8)), float(antialias))
# and the bytes' own way, which a user gets from a pipeline on uint8
for antialias in (False, True):
    small = F.resize(pictures, [13, 17], interpolation=BILINEAR, antialias=antialias)
    record(f"resize/{2 * len(SIZES) + antialias}", channels_last(small), float(antialias))

width = math.floor(WIDTH / HEIGHT * 16)
scaled = torch.nn.functional.interpolate(pictures.float(), size=(16, width), mode="bilinear", align_corners=False)
scaled = scaled.round().to(torch.uint8)
starts = (0, (width - 16) // 2, width - 16)
for i in range(6):
    view = scaled[..., starts[i % 3]:starts[i % 3] + 16]
    record(f"crops/{i}", channels_last(F.horizontal_flip(view) if i >= 3 else view))

for i, (frames, count) in enumerate(((32, 32), (100, 32), (327, 32), (3, 15), (5, 15), (31, 8), (1, 4), (64, 1), (2, 9))):
    index = torch.linspace(0, frames - 1, count)
    index = torch.clamp(index, 0, frames - 1).long()
    out[f"subsample/{i}/out"] = index
    out[f"subsample/{i}/range"] = torch.tensor([frames, count])

numbers = F.to_dtype(pictures, torch.float32, scale=True)
record("numbers", F.normalize(numbers, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))

path = os.path.join(HERE, "transforms.safetensors")
save_file(out, path, metadata={"torch": torch.__version__, "torchvision": torchvision.__version__})
os.chmod(path, 0o644)
