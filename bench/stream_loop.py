"""A streaming learner of one layer in PyTorch, for bench/stream: SIDE FEATURES CHANNELS BUFFER FRAMES THREADS WAY [DEVICE [PRECISION]].

WAY anew: the whole buffer goes through the encoder again for every frame, as the published system does it. WAY cached: a
frame goes through the encoder once between parameter changes, and back through it once. Same model, losses and steps.
Prints frames a second, steps, and the largest resident memory in MB. WAY count prints the 1e9 operations of a frame instead,
the mean of FRAMES of them that meet a full buffer.
"""
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

SIDE, FEATURES, CHANNELS, BUFFER, FRAMES, THREADS = map(int, sys.argv[1:7])
WAY = sys.argv[7]
DEVICE = sys.argv[8] if len(sys.argv) > 8 else "cpu"
SCENE, EVERY, NEVER = 8, 100, -2  # no event ends: the buffer fills up and stays full
torch.set_num_threads(THREADS)
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = sys.argv[9:] == ["tfloat32"]
torch.manual_seed(0)
SIZES = [3, CHANNELS, 2 * CHANNELS, 8 * CHANNELS, 32 * CHANNELS]
FLAT = SIZES[-1] * (SIDE // 16) ** 2


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(SIZES, SIZES[1:]))
        self.out = nn.Linear(FLAT, FEATURES)

    def forward(self, x):
        for c in self.convolutions:
            x = F.max_pool2d(F.relu(c(x)), 2)
        return self.out(x.flatten(1))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        back = SIZES[::-1]
        self.into = nn.Linear(FEATURES, FLAT)
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(back, back[1:]))

    def forward(self, x):
        x = self.into(x).view(-1, SIZES[-1], SIDE // 16, SIDE // 16)
        for i, c in enumerate(self.convolutions):
            x = c(F.interpolate(x, scale_factor=2))
            if i < 3:
                x = F.relu(x)
        return x


def transformer(heads):
    layer = nn.TransformerEncoderLayer(FEATURES, heads, 2 * FEATURES, dropout=0.0)
    return nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(FEATURES, elementwise_affine=False))


class Temporal(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.token = nn.Embedding(1, FEATURES, max_norm=1.0)
        self.positions = nn.Embedding(BUFFER, FEATURES, max_norm=1.0)
        self.network = transformer(8)

    def forward(self, x):
        ids = torch.arange(len(x), device=x.device)
        x = torch.cat([self.token(ids[:1]), x + self.positions(ids)])
        return F.normalize(self.network(x.unsqueeze(1))[0], dim=-1)


class Predictor(nn.Module):
    def __init__(self):
        super().__init__()
        self.levels = nn.Embedding(3, FEATURES, max_norm=1.0)
        self.network = transformer(4)
        self.decoder = Decoder()

    def forward(self, z):
        ids = torch.arange(len(z), device=z.device)
        return self.decoder(self.network((z + self.levels(ids)).unsqueeze(1))[0])


def film():
    state, pictures = 1, []
    generator = torch.Generator().manual_seed(1)
    for i in range(FRAMES):
        if i % SCENE == 0:
            picture = torch.randint(0, 256, (3, SIDE, SIDE), generator=generator, dtype=torch.uint8)
        else:
            picture = picture + torch.randint(0, 8, (3, SIDE, SIDE), generator=generator, dtype=torch.uint8)
        pictures.append(picture)
    return pictures


class Learner:
    def __init__(self):
        self.f, self.p = Temporal().to(DEVICE), Predictor().to(DEVICE)
        self.optimizers = [torch.optim.Adam(m.parameters(), lr=1e-4) for m in (self.f, self.p)]
        self.steps = 0
        self.begin()

    def begin(self):
        self.losses = 0
        self.forget()

    def forget(self):
        self.items, self.errors, self.waiting, self.prediction = [], [], [], None

    def encode(self, picture):
        """What of a picture is kept: the picture, or its feature as a leaf with what made it."""
        if WAY == "anew":
            return picture
        made = self.f.encoder(picture)
        leaf = made.detach().requires_grad_()
        self.waiting.append((made, leaf))
        return leaf

    def go_back(self, everything):
        """Features that are in no buffer any more get no more gradients: theirs go back through the encoder."""
        kept = []
        for made, leaf in self.waiting:
            if not everything and any(leaf is item for item in self.items):
                kept.append((made, leaf))
            elif leaf.grad is not None:
                made.backward(leaf.grad)
        self.waiting = kept

    def add(self, item, error):
        if len(self.items) == BUFFER:
            worst = max(range(BUFFER), key=lambda i: self.errors[i])
            if error >= self.errors[worst]:
                return
            del self.items[worst], self.errors[worst]
        self.items.append(item)
        self.errors.append(error)

    def take(self, picture):
        error, boundary = 0.0, False
        if self.prediction is None:
            self.items, self.errors = [], []
        else:
            similarity = F.cosine_similarity(self.prediction, picture).mean()
            error = similarity.item()
            boundary = error < NEVER
        if boundary:
            self.items, self.errors = [], []
        item = self.encode(picture)
        self.add(item, error)
        before = self.prediction is not None
        x = torch.cat(self.items)
        prediction = self.p(self.f(self.f.encoder(x) if WAY == "anew" else x))
        if before:
            (-similarity).backward()
            self.losses += 1
            self.go_back(False)
        self.prediction = prediction
        if self.losses == EVERY:
            self.step()

    def step(self):
        self.go_back(True)
        for module in (self.f, self.p):
            for parameter in module.parameters():
                if parameter.grad is not None:
                    parameter.grad /= self.losses
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.losses = 0
        self.steps += 1
        self.forget()


def on_device(pictures):
    return [(p.to(DEVICE).float().unsqueeze(0) / 127.5 - 1) for p in pictures]


def count():
    learner, pictures = Learner(), on_device(film())
    for at in range(2 * BUFFER):
        learner.take(pictures[at % FRAMES])
    with FlopCounterMode(display=False) as counter:
        for picture in pictures:
            learner.take(picture)
    print(f"{counter.get_total_flops() / FRAMES / 1e9:.3f}")


def measure():
    learner, pictures = Learner(), on_device(film())
    for picture in pictures[:4]:
        learner.take(picture)
    learner.begin()
    for module in (learner.f, learner.p):
        module.zero_grad()
    began = time.perf_counter()
    for picture in pictures:
        learner.take(picture)
    learner.go_back(True)
    if DEVICE != "cpu":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    print(f"{FRAMES / seconds:.4f} {learner.steps} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


count() if WAY == "count" else measure()
