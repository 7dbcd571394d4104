"""STREAMER (Mounir et al. 2023) in PyTorch, slow and plain: what the streaming learner is held against.

A stack of layers watches pictures, one after the other. Each layer keeps the inputs of the present event in a buffer,
makes one vector of them (f), and predicts its next input from the vectors of all levels (p). An input that was predicted
badly ends the event: its vector is the next input of the layer above.

Nothing is saved here: for every input the whole buffer is encoded again, and every loss goes back by itself.
"""

import math
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Options:
    height: int = 16
    width: int = 32
    channels: tuple = (4, 6, 5, 8)
    features: int = 16
    max_layers: int = 3
    init_layers: int = 1
    buffer_size: int = 4
    normalize: bool = False
    distance: str = "similarity"  # or "distance"
    force_base_distance: bool = False
    demarcation: str = "average"  # or "fixed", "accum"; "rise" is not published
    window: int = 6
    modifier_adds: bool = False
    modifier: float = 1.0
    threshold: float = 0.1
    force_fixed_buffer: bool = False
    evolve_every: int = 6
    optimize_every: int = 3
    lr: float = 1e-3
    alpha: float = 3.0
    timescale: bool = True
    reach: bool = True

    def distance_of(self, layer):
        return "distance" if layer == 0 and self.force_base_distance else self.distance


# ---- networks --------------------------------------------------------------------------------------------------------


class PictureEncoder(nn.Module):
    def __init__(self, o):
        super().__init__()
        for i, (before, after) in enumerate(zip((3, *o.channels), o.channels)):
            setattr(self, f"conv{i + 1}", nn.Conv2d(before, after, 3, padding=1))
        self.fc1 = nn.Linear(o.channels[-1] * (o.height // 16) * (o.width // 16), o.features)

    def forward(self, x):  # (1, 3, H, W) -> (1, D)
        for i in range(4):
            x = F.max_pool2d(F.relu(getattr(self, f"conv{i + 1}")(x)), 2)
        return self.fc1(x.flatten(1))


class PictureDecoder(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.shape = (o.channels[-1], o.height // 16, o.width // 16)
        self.fc1 = nn.Linear(o.features, math.prod(self.shape))
        channels = (*reversed(o.channels), 3)
        for i in range(4):
            setattr(self, f"conv{i + 1}", nn.Conv2d(channels[i], channels[i + 1], 3, padding=1))

    def forward(self, x):  # (1, D) -> (1, 3, H, W)
        x = self.fc1(x).view(1, *self.shape)
        for i in range(4):
            x = getattr(self, f"conv{i + 1}")(F.interpolate(x, scale_factor=2, mode="nearest"))
            x = F.relu(x) if i < 3 else x
        return x


def transformer(features, heads):
    layer = nn.TransformerEncoderLayer(features, heads, 2 * features, dropout=0, batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


class TemporalEncoder(nn.Module):
    """f: the buffered inputs of an event, and a token in front of them whose place holds what they amount to."""

    def __init__(self, o, layer):
        super().__init__()
        if layer == 0:
            self.encoder = PictureEncoder(o)
        self.unit_length = o.distance_of(layer) == "similarity"
        self.cls_token = nn.Embedding(1, o.features, max_norm=1.0)
        self.pos_enc = nn.Embedding(o.buffer_size, o.features, max_norm=1.0)
        self.network = transformer(o.features, 8)

    def forward(self, inputs):  # a list of pictures (1, 3, H, W), or of vectors (1, D) -> (1, D)
        if hasattr(self, "encoder"):
            inputs = [self.encoder(x) for x in inputs]
        x = torch.cat(inputs) + self.pos_enc(torch.arange(len(inputs)))
        x = torch.cat([self.cls_token(torch.zeros(1, dtype=torch.long)), x])
        z = self.network(x[None])[:, 0]
        z = F.layer_norm(z, z.shape[-1:])
        return F.normalize(z, dim=1) if self.unit_length else z


class Predictor(nn.Module):
    """p: the layer's next input, from the vectors of the levels that have one."""

    def __init__(self, o, layer):
        super().__init__()
        self.layer = layer
        self.pos_enc = nn.Embedding(o.max_layers, o.features, max_norm=1.0)
        self.network = transformer(o.features, 4)
        if layer == 0:
            self.decoder = PictureDecoder(o)

    def forward(self, levels):  # a list of (1, D) -> (1, D), of layer 0 (1, 3, H, W)
        x = torch.cat(levels) + self.pos_enc(torch.arange(len(levels)))
        x = self.network(x[None])[:, self.layer]
        x = F.layer_norm(x, x.shape[-1:])
        return self.decoder(x) if self.layer == 0 else x


# ---- a layer ---------------------------------------------------------------------------------------------------------


class Layer(nn.Module):
    def __init__(self, o, number):
        super().__init__()
        self.f, self.p = TemporalEncoder(o, number), Predictor(o, number)
        self.number = number
        self.inputs = 0  # learned from, in its whole life
        self.reset()

    def reset(self):
        """A video begins."""
        self.window, self.sum, self.worse = [], 0.0, False
        self.last_frame = -1
        self.forget()
        self.clear()

    def forget(self):
        self.z = self.prediction = None

    def clear(self):
        """An event begins."""
        self.buffer, self.seen = [], 0  # (input, how it was predicted), in the order of arrival


@dataclass
class Input:
    """What became of an input, for whoever compares."""

    video: int
    layer: int
    frame: int
    predicted: bool
    value: float
    limit: float
    tau: int
    boundary: bool
    forced: bool
    event: torch.Tensor = field(default=None, repr=False)
    margin: float = math.inf  # how near the nearest decision was


def surprising(mode, value, than):
    return value < than if mode == "similarity" else value > than


class Streamer(nn.Module):
    def __init__(self, options, grow):
        """grow(number) makes a layer with the weights it begins with."""
        super().__init__()
        self.o, self.make = options, grow
        self.layers = nn.ModuleList()
        self.adams, self.gradients = [], []  # a layer's (f, p); parameter -> sum of weighted gradients
        self.video = self.frame = -1
        self.steps, self.losses_of_frame, self.log = 0, [], []
        self.replaced = self.dropped = 0  # inputs, where a buffer was full
        self.before_step = lambda: None  # may look at the gradients
        for _ in range(options.init_layers):
            self.grow()
        self.zero()

    def grow(self):
        layer = self.make(len(self.layers))
        self.layers.append(layer)
        for part in (layer.f, layer.p):
            self.adams.append(torch.optim.Adam(part.parameters(), lr=self.o.lr, betas=(0.9, 0.999), eps=1e-8))
        for parameter in layer.parameters():
            parameter.grad = torch.zeros_like(parameter)

    def zero(self):
        for parameter in self.parameters():
            parameter.grad.zero_()
        self.losses = [0] * self.o.max_layers  # since the last step
        self.tau_p = [0.0] * self.o.max_layers  # sums of tau of a layer's own losses
        self.tau_f = [0.0] * self.o.max_layers  # of all losses while the layer was there

    # -- watching

    def begin_video(self):
        self.video += 1
        self.frame = -1
        for layer in self.layers:
            layer.reset()

    def watch(self, picture, learn=True):  # (H, W, 3) bytes
        self.frame += 1
        self.learn = learn
        x = picture.permute(2, 0, 1)[None].double() / 127.5 - 1
        if self.o.normalize:
            x = F.normalize(x, dim=1)
        self.take(0, x)
        self.collect()
        if learn and self.losses[len(self.layers) - 1] >= self.o.optimize_every:
            self.step()

    def take(self, number, x):
        layer, o = self.layers[number], self.o
        layer.inputs += self.learn
        if self.learn and layer.inputs >= o.evolve_every + 2 and number + 1 == len(self.layers) < o.max_layers:
            self.grow()
        said = Input(self.video, number, self.frame, False, 0.0, math.nan, self.frame - layer.last_frame, False, False)
        layer.last_frame = self.frame
        if layer.prediction is None:
            layer.clear()
        else:
            self.compare(layer, x, said)
        self.log.append(said)
        if said.boundary:
            said.event = layer.z.detach()
            if number + 1 < len(self.layers):
                self.take(number + 1, layer.z.detach())
            layer.clear()
        self.keep(layer, x, said)
        layer.z = layer.f([kept for kept, _ in layer.buffer])
        levels = []
        for other in self.layers:
            if other.z is None:
                break
            levels.append(other.z)
        layer.prediction = layer.p(levels)

    def compare(self, layer, x, said):
        mode = self.o.distance_of(layer.number)
        if mode == "similarity":
            value = F.cosine_similarity(layer.prediction, x, dim=1, eps=1e-8).mean()
        else:
            value = (layer.prediction - x).pow(2).mean()
        said.predicted, said.value = True, value.item()
        judged = self.judge(layer, mode, said)
        said.forced = self.o.force_fixed_buffer and layer.seen >= self.o.buffer_size and not judged
        said.boundary = judged or said.forced
        if self.learn:
            tau = said.tau if self.o.timescale else 1
            self.losses_of_frame.append((layer.number, -value if mode == "similarity" else value, tau))

    def judge(self, layer, mode, said):
        o = self.o
        if o.demarcation == "accum":
            layer.sum += said.value
            said.limit = o.threshold - (layer.sum - said.value)
            said.margin = abs(layer.sum - o.threshold)
            judged = layer.sum > o.threshold
            if judged:
                layer.sum = 0.0
            return judged
        if o.demarcation == "fixed":
            said.limit = o.threshold
        elif layer.window:
            mean = sum(layer.window) / len(layer.window)
            said.limit = mean + o.modifier if o.modifier_adds else mean * o.modifier
        layer.window = [*layer.window, said.value][-o.window :]
        if math.isnan(said.limit):
            return False
        said.margin = abs(said.value - said.limit)
        worse, before = surprising(mode, said.value, said.limit), layer.worse
        layer.worse = worse and o.demarcation == "rise"
        return worse and not before

    def keep(self, layer, x, said):
        mode = self.o.distance_of(layer.number)
        layer.seen += 1
        if len(layer.buffer) == self.o.buffer_size:
            values = [value for _, value in layer.buffer]
            least = max(values) if mode == "similarity" else min(values)
            said.margin = min([said.margin, *(abs(said.value - v) for v in values)])
            if not surprising(mode, said.value, least):
                self.dropped += 1
                return
            self.replaced += 1
            del layer.buffer[values.index(least)]
        layer.buffer.append((x.detach(), said.value))

    # -- learning

    def weight(self, loss_layer, level):
        if not self.o.reach:
            return 1.0
        farthest = max(loss_layer, len(self.layers) - 1 - loss_layer)
        total = sum(self.o.alpha**-d for d in range(farthest + 1))
        return self.o.alpha ** -abs(loss_layer - level) / total

    def collect(self):
        """The losses of a frame, once all layers have had it: each goes back by itself."""
        for number, loss, tau in self.losses_of_frame:
            self.losses[number] += 1
            self.tau_p[number] += tau
            for level, layer in enumerate(self.layers):
                self.tau_f[level] += tau
                self.add(loss, list(layer.f.parameters()), tau * self.weight(number, level))
            self.add(loss, list(self.layers[number].p.parameters()), tau)
        self.losses_of_frame = []

    def add(self, loss, parameters, weight):
        found = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        for parameter, gradient in zip(parameters, found):
            if gradient is not None:
                parameter.grad += weight * gradient

    def step(self):
        for number, layer in enumerate(self.layers):
            for part, total in ((layer.f, self.tau_f[number]), (layer.p, self.tau_p[number])):
                for parameter in part.parameters():
                    parameter.grad /= total if total else 1.0
        self.before_step()
        for adam in self.adams:
            adam.step()
        self.zero()
        for layer in self.layers:
            layer.forget()
        self.steps += 1
