"""Clips a second that torchvision's transforms v2 make ready for training, by one thread, for bench/transforms.

transforms_torchvision.py WIDTH HEIGHT ROUNDS uint8|float

The work of bench/transforms.c on (32, 3, H, W) tensors: short side 256, random 224 crop, mirrored or not, two operations of
RandAugment (bilinear, fill), float, normalised. uint8: bytes until the end, which is torchvision's fast way; float: numbers
from the start, as PyTorchVideo works. Seconds are the processor's.
"""

import math
import random
import sys
import time

import torch
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as F

FRAMES, SIZE, SHORT_SIDE, APART = 32, 224, 256, 5

width, height, rounds, kind = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
floats = kind == "float"
top = 1.0 if floats else 255
torch.set_num_threads(1)
torch.manual_seed(1)
random.seed(1)
base = torch.arange(FRAMES * 3 * height * width).div(1001, rounding_mode="floor").remainder(226)
clip = (base.view(FRAMES, 3, height, width) + torch.randint(30, (FRAMES, 3, height, width))).to(torch.uint8)
del base


def affine(x, translate=(0, 0), shear=(0.0, 0.0), center=None):
    return F.affine(x, angle=0.0, translate=list(translate), scale=1.0, shear=list(shear),
                    interpolation=InterpolationMode.BILINEAR, fill=top / 2, center=center)


def degrees(m):
    return math.degrees(math.atan(m))


def posterize(x, m):
    return F.posterize(x, 4 - int(4 * abs(m)))


OPERATIONS = (
    lambda x, m: F.adjust_brightness(x, 1 + m),
    lambda x, m: F.adjust_contrast(x, 1 + m),
    lambda x, m: F.adjust_saturation(x, 1 + m),
    lambda x, m: F.adjust_sharpness(x, 1 + m),
    lambda x, m: F.autocontrast(x),
    lambda x, m: F.equalize(x),
    lambda x, m: F.invert(x),
    lambda x, m: F.rotate(x, 30 * m, interpolation=InterpolationMode.BILINEAR, fill=top / 2),
    posterize,
    lambda x, m: F.solarize(x, top * (1 - abs(m))),
    lambda x, m: affine(x, shear=(degrees(0.3 * m), 0.0), center=[0, 0]),
    lambda x, m: affine(x, shear=(0.0, degrees(0.3 * m)), center=[0, 0]),
    lambda x, m: affine(x, translate=(0.45 * m * SIZE, 0)),
    lambda x, m: affine(x, translate=(0, 0.45 * m * SIZE)),
)

cut = v2.Compose([v2.Resize(SHORT_SIDE, antialias=False), v2.RandomCrop(SIZE), v2.RandomHorizontalFlip(0.5)])
normalise = v2.Compose([v2.ToDtype(torch.float32, scale=True),
                        v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])


def make(number):
    x = clip.float().div_(255) if floats else clip
    x = cut(x)
    m = -0.9 if number // len(OPERATIONS) % 2 else 0.9
    for which in (number, number + APART):
        x = OPERATIONS[which % len(OPERATIONS)](x, m)
    return normalise(x)


with torch.inference_mode():
    make(0)
    begin, clips = time.process_time(), 2 * len(OPERATIONS) * rounds
    for i in range(clips):
        make(i)
    print(f"{clips / (time.process_time() - begin):.3f}")
