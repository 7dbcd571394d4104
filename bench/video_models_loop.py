"""The other side of bench/video_models: training steps of the same model in PyTorch.

video_models_loop.py MODEL BATCH FRAMES SIDE WIDTH LAYERS STEPS THREADS notebook|last|compiled [DEVICE PRECISION] prints the
median of the steps' seconds without the first, the first, the largest resident memory in MB, and the median of the steps'
processor seconds. "notebook": as the published notebook trains, channels first, AdamW as it comes; "last": channels last
and AdamW(fused=True); "compiled": "last" with the model through torch.compile. PRECISION float32 is what it says,
tfloat32 rounds in products and convolutions, bfloat16 is autocast.
"""

import os
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "golden", "student"))
from video_models import AVT, Sign2Text, SignTimeSformer  # noqa: E402

CLASSES = 10


def model_of(name, frames, side, width, layers):
    if name == "sign2text":
        return Sign2Text(CLASSES, frames=frames)
    more = {"classes": CLASSES, "frames": frames, "side": side}
    if name == "timesformer":
        return SignTimeSformer(**more, width=width or 768, layers=layers or 5)
    return AVT(**more, width=width or 2048, layers=layers or 2, backbone=(width or 768, layers or 12, 12))


def main():
    name, way = sys.argv[1], sys.argv[9]
    batch, frames, side, width, layers, steps, threads = (int(word) for word in sys.argv[2:9])
    device, precision = (sys.argv[10:] + ["cpu", "float32"][len(sys.argv) - 10:])[:2]
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tfloat32"
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = model_of(name, frames, side, width, layers).train().to(device)
    clips = torch.randint(256, (batch, frames, 3, side, side), dtype=torch.uint8).to(device)
    clips = ((clips.float() / 255 - 0.45) / 0.225).flatten(0, 1)
    fast = way != "notebook"
    if fast:
        model = model.to(memory_format=torch.channels_last)
        clips = clips.contiguous(memory_format=torch.channels_last)
    clips = clips.unflatten(0, (batch, frames))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-4, **({"fused": True} if fast else {}))
    run = torch.compile(model) if way == "compiled" else model
    labels = torch.arange(batch).to(device) % CLASSES
    seconds, busy = [], []
    for _ in range(steps):
        begun, worked = time.perf_counter(), time.process_time()
        optimizer.zero_grad()
        with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bfloat16"):
            loss = F.cross_entropy(run(clips)[0], labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - begun)
        busy.append(time.process_time() - worked)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    step, work = statistics.median_high(seconds[1:]), statistics.median_high(busy[1:])
    print(f"{step:.4f} {seconds[0]:.4f} {memory:.0f} {work:.4f}")


if __name__ == "__main__":
    main()
