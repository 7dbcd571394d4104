"""How different each frame is from the one before: FPS SIDE VIDEO ... -> CSV of video, time, value, for bench/segmentation."""
import os
import subprocess
import sys

import numpy as np

fps, side = float(sys.argv[1]), int(sys.argv[2])
print("video,time,value")
for path in sys.argv[3:]:
    scale = f"fps={fps},scale={side}:{side}"
    command = ["ffmpeg", "-v", "error", "-i", path, "-vf", scale, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    frames = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.uint8)
    frames = frames.reshape(-1, side * side * 3).astype(np.float32)
    name = os.path.splitext(os.path.basename(path))[0]
    for i, value in enumerate(np.abs(frames[1:] - frames[:-1]).mean(1), 1):
        print(f"{name},{i / fps:.3f},{value:.4f}")
