"""The other side of bench/ddp: the encoder of bench_ranks in PyTorch, alone or under DistributedDataParallel on Gloo.

ddp_loop.py LENGTHS PIECES STEPS [RENDEZVOUS] prints "samples_per_s step_ms_p50" of this rank. LENGTHS holds the lengths of
this rank's sequences, a line a step. With RENDEZVOUS (a file) RANK and WORLD_SIZE say who this is. One thread.
"""

import os
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH, LAYERS, HEADS, INNER, POSITIONS, AGES, DROPOUT = 256, 4, 4, 1024, 512, 8, 0.1
TASKS, WEIGHTS = (2513, 125, 352), (0.7, 0.15, 0.15)
WARM = 5


class Encoder(nn.Module):
    def __init__(self, pieces):
        super().__init__()
        self.pieces = nn.Embedding(pieces, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.ages = nn.Embedding(AGES, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.drop = nn.Dropout(DROPOUT)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, DROPOUT, "gelu", 1e-12, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.heads = nn.ModuleList(nn.Linear(WIDTH, classes) for classes in TASKS)

    def forward(self, ids, hidden):
        places = torch.arange(ids.shape[1])
        x = self.pieces(ids) + self.positions(places) + self.ages(torch.zeros_like(ids))
        x = self.layers(self.drop(self.norm(x)), src_key_padding_mask=hidden)
        return [head(x[:, 0]) for head in self.heads]


def batches(path, pieces, steps):
    """Padded to the longest of each step; few pieces are frequent and most are rare, as in a language."""
    for line in open(path).read().splitlines()[:steps]:
        lengths = torch.tensor([int(word) for word in line.split()])
        hidden = torch.arange(int(lengths.max()))[None, :] >= lengths[:, None]
        ids = (torch.rand(hidden.shape, dtype=torch.float64) ** 3 * (pieces - 1)).long().masked_fill(hidden, 0)
        yield ids, hidden, [torch.randint(classes, (len(lengths),)) for classes in TASKS]


def main():
    path, pieces, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = bare = Encoder(pieces)
    model.train()
    if len(sys.argv) > 4:
        torch.distributed.init_process_group("gloo", init_method="file://" + sys.argv[4], rank=int(os.environ["RANK"]),
                                             world_size=int(os.environ["WORLD_SIZE"]))
        model = nn.parallel.DistributedDataParallel(bare, gradient_as_bucket_view=True)
    optim = torch.optim.AdamW(bare.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
    durations, samples = [], 0
    for ids, hidden, labels in batches(path, pieces, steps):
        begun = time.perf_counter()
        logits = model(ids, hidden)
        loss = sum(w * F.cross_entropy(z, y) for w, z, y in zip(WEIGHTS, logits, labels))
        optim.zero_grad(set_to_none=False)
        loss.backward()
        nn.utils.clip_grad_norm_(bare.parameters(), 1.0)
        optim.step()
        loss.item()
        durations.append(time.perf_counter() - begun)
        samples = len(ids)
    timed = durations[WARM:]
    print(f"{samples / statistics.mean(timed):.1f} {1e3 * statistics.median(timed):.1f}")
    if len(sys.argv) > 4:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
