"""Writes what streamer.py does with made-up videos under every option: streamer.safetensors, beside this script.

initial/NAME           float32 weights that every layer begins with, whenever it grows
pictures               (videos, frames, 4, 8, 3) bytes: coarse pictures, made 16 x 32 by pictures_of (a test does the same)
CASE/inputs            (inputs, 7) video, layer, frame, predicted, boundary, forced, tau
CASE/values            (inputs, 2) similarity or distance; what it was compared with (NaN: nothing)
CASE/events            (boundaries, 2) sums of the vectors that were handed up
CASE/steps             (steps, 3) video, frame, layers
CASE/parameters        (steps, parameters, 2) sums after each step
CASE/final             (parameters, 2) sums at the end: looking rows up has moved tables since the last step
CASE/gradients/LAYERS  (parameters, 2) sums before the first step with as many layers

Sums of a tensor are its L2 norm and its product with cos(0), cos(1), ... Parameters stand in the order of the metadata's
`names`; rows of layers that were not there are zero. One video, and a part of another, are watched without learning
(is_learned). No decision is so close that rounding could turn it: that is looked at here.
"""

import os

import torch
from safetensors.torch import save_file

from streamer import Layer, Options, Streamer

HERE = os.path.dirname(os.path.abspath(__file__))
CLOSEST = 1e-7
FRAMES = (48, 42, 10, 48)  # of each video
SCENES = 5

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

CASES = {
    "similarity": {},
    "distance": {"distance": "distance"},
    "base_distance": {"force_base_distance": True, "modifier": 1.01},
    "fixed": {"demarcation": "fixed", "force_base_distance": True, "threshold": 0.372},
    "accum": {"demarcation": "accum", "distance": "distance", "threshold": 1.2},
    "rise": {"demarcation": "rise", "distance": "distance", "window": 2, "init_layers": 2},
    "added": {"modifier_adds": True, "modifier": 0.01},
    "forced": {"force_fixed_buffer": True},
    "no_timescale": {"timescale": False},
    "no_reach": {"reach": False},
    "normalized": {"normalize": True, "init_layers": 2},
}


def is_learned(video, frame):
    return video != 2 and not (video == 1 and 20 <= frame < 27)


def made_up_pictures():
    """Scenes that last for some frames, with noise: (videos, frames, 4, 8, 3)."""
    generator = torch.Generator().manual_seed(11)
    draw = lambda high, *shape: torch.randint(0, high, shape, generator=generator)
    scenes = draw(256, SCENES, 4, 8, 3)
    out = torch.zeros(len(FRAMES), max(FRAMES), 4, 8, 3, dtype=torch.uint8)
    for video, count in enumerate(FRAMES):
        scene, left = 0, 0
        for frame in range(count):
            if left == 0:
                scene, left = int(draw(SCENES, 1)), 1 + int(draw(7, 1))
            left -= 1
            out[video, frame] = (scenes[scene] + draw(40, 4, 8, 3)).remainder(256).to(torch.uint8)
    return out


def picture_of(coarse):
    """(4, 8, 3) -> (16, 32, 3): each pixel a square, with a slope over the picture."""
    large = coarse.repeat_interleave(4, 0).repeat_interleave(4, 1).int()
    y, x = torch.arange(16)[:, None, None], torch.arange(32)[None, :, None]
    return (large + 3 * y + 5 * x).remainder(256).to(torch.uint8)


def initial_weights():
    torch.manual_seed(3)
    layers = [Layer(Options(), number) for number in range(Options.max_layers)]
    return {f"layers.{i}.{name}": p.detach().clone() for i, layer in enumerate(layers) for name, p in layer.named_parameters()}


def sums(x):
    x = x.detach().double().flatten()
    return [x.norm().item(), x.dot(torch.arange(x.numel()).double().cos()).item()]


def all_sums(model, initial, tensor_of):
    have = dict(model.named_parameters())
    return torch.tensor([sums(tensor_of(have[n])) if n in have else [0.0, 0.0] for n in initial], dtype=torch.float64)


class Recorder:
    def __init__(self, case, options, initial):
        self.case, self.initial, self.steps, self.parameters, self.out = case, initial, [], [], {}
        self.model = Streamer(options, lambda number: self.layer(options, number))
        self.model.before_step = self.before_step

    def layer(self, options, number):
        layer = Layer(options, number).double()
        prefix = f"layers.{number}."
        layer.load_state_dict({n[len(prefix) :]: x for n, x in self.initial.items() if n.startswith(prefix)})
        return layer

    def before_step(self):
        name = f"{self.case}/gradients/{len(self.model.layers)}"
        if name not in self.out:
            self.out[name] = all_sums(self.model, self.initial, lambda p: p.grad)

    def watch(self, pictures):
        for video, count in enumerate(FRAMES):
            self.model.begin_video()
            for frame in range(count):
                before = self.model.steps
                self.model.watch(picture_of(pictures[video, frame]), learn=is_learned(video, frame))
                if self.model.steps > before:
                    self.steps.append([video, frame, len(self.model.layers)])
                    self.parameters.append(all_sums(self.model, self.initial, lambda p: p))

    def finish(self):
        log, case = self.model.log, self.case
        rows = [[x.video, x.layer, x.frame, x.predicted, x.boundary, x.forced, x.tau] for x in log]
        self.out[f"{case}/inputs"] = torch.tensor(rows, dtype=torch.int32)
        self.out[f"{case}/values"] = torch.tensor([[x.value, x.limit] for x in log], dtype=torch.float64)
        self.out[f"{case}/events"] = torch.tensor([sums(x.event) for x in log if x.boundary], dtype=torch.float64)
        self.out[f"{case}/steps"] = torch.tensor(self.steps, dtype=torch.int32)
        self.out[f"{case}/parameters"] = torch.stack(self.parameters)
        self.out[f"{case}/final"] = all_sums(self.model, self.initial, lambda p: p)
        return self.out

    def check(self):
        """That the case shows what it is there for."""
        log, model = self.model.log, self.model
        boundaries = [sum(x.boundary for x in log if x.layer == l) for l in range(3)]
        by_layers = [sum(s[2] == l for s in self.steps) for l in (1, 2, 3)]
        closest = min(x.margin for x in log)
        print(f"{self.case:14} inputs {[sum(x.layer == l for x in log) for l in range(3)]} boundaries {boundaries} "
              f"forced {sum(x.forced for x in log)} steps {by_layers} replaced {model.replaced} dropped {model.dropped} "
              f"closest {closest:.1e}")
        assert closest > CLOSEST, "a decision is too close"
        assert boundaries[0] and boundaries[1] and by_layers[1] and by_layers[2] > 1
        assert by_layers[0] or model.o.init_layers > 1
        assert model.o.force_fixed_buffer == any(x.forced for x in log)
        ordinary = self.case not in ("fixed", "accum", "forced")  # with these buffers are never full, or layer 2 is content
        assert not ordinary or (boundaries[2] and model.replaced and model.dropped)


def main():
    initial, pictures = initial_weights(), made_up_pictures()
    out = {f"initial/{name}": x for name, x in initial.items()} | {"pictures": pictures}
    for case, changed in CASES.items():
        recorder = Recorder(case, Options(**changed), initial)
        recorder.watch(pictures)
        recorder.check()
        out |= recorder.finish()
    path = os.path.join(HERE, "streamer.safetensors")
    save_file({n: x.contiguous() for n, x in out.items()}, path, metadata={"torch": torch.__version__, "names": " ".join(initial)})
    os.chmod(path, 0o644)
    print(f"{os.path.getsize(path)} bytes")


main()
