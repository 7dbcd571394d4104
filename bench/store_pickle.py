#!/usr/bin/env python3
"""The other side of bench/store: predictions as the published systems keep them, one pickle that is loaded whole.

A list of {uid, logit_action (C, 1), LM_feat (768, 1)}, float32; for use it is loaded and turned into {uid: record}.
    bench/store_pickle.py DIRECTORY
"""
import multiprocessing
import os
import pickle
import sys
import time

import numpy as np


def memory_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


CLASSES, WIDTH, RECORDS, READS = 2513, 768, 28472, 200000


def write(path):
    rng = np.random.default_rng(0)
    made = [{"uid": f"{i:07d}", "logit_action": rng.standard_normal((CLASSES, 1), dtype=np.float32),
             "LM_feat": rng.standard_normal((WIDTH, 1), dtype=np.float32)} for i in range(RECORDS)]
    start = time.perf_counter()
    with open(path, "wb") as file:
        pickle.dump(made, file)
        file.flush()
        os.fsync(file.fileno())
    return RECORDS / (time.perf_counter() - start)


def read(path):
    """Seconds to load, reads a second after that, MB of memory."""
    before, start = memory_mb(), time.perf_counter()
    with open(path, "rb") as file:
        loaded = {record["uid"]: record for record in pickle.load(file)}
    loading = time.perf_counter() - start
    order = np.random.default_rng(1).integers(0, RECORDS, READS)
    start, total = time.perf_counter(), 0.0
    for i in order:
        record = loaded[f"{i:07d}"]
        total += record["logit_action"][0, 0] + record["LM_feat"][0, 0]
    return loading, READS / (time.perf_counter() - start), memory_mb() - before


def in_process(call, path):
    """The result of a call in a process of its own, whose memory tells nothing of the other's."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(call, (path,))


def main():
    path = os.path.join(sys.argv[1] if len(sys.argv) > 1 else ".", "bench.pickle")
    writes = in_process(write, path)
    size = os.path.getsize(path) / RECORDS
    loading, reads, grown = in_process(read, path)
    print(f"{'pickle C=2513, 768 features float32':<36} {RECORDS:9d} {writes:9.0f} {reads:9.0f} {size:9.0f} "
          f"{13230 / size:9.1f} {grown:9.1f} {grown:9.1f}")
    print(f"  and {loading:.2f} s to load it before the first read")
    os.unlink(path)


if __name__ == "__main__":
    main()
