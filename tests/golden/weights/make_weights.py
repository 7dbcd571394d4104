"""State files as PyTorch writes them, small, and the same tensors as safetensors for the good ones.

    python tests/golden/weights/make_weights.py     (torch and safetensors; writes beside itself)

NAME.pth is a file of torch.save; NAME.safetensors what must be read from it. Files without a .safetensors must be refused,
or hold no tensors.
"""

import argparse
import collections
import io
import os
import pickle
import zipfile

import numpy
import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(0)


def write(name, value, weights=None, **how):
    torch.save(value, os.path.join(HERE, name + ".pth"), **how)
    if weights is not None:
        save_file({k: v.detach().clone().contiguous() for k, v in weights.items()},
                  os.path.join(HERE, name + ".safetensors"))


def typed():
    types = [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16,
             torch.int8, torch.uint8, torch.bool]
    out = collections.OrderedDict()
    for t in types:
        out["of." + str(t)[6:]] = (torch.arange(6).reshape(2, 3) - (0 if t == torch.uint8 else 2)).to(t)
    out["scalar"] = torch.tensor(2.5)
    out["empty"] = torch.zeros(0, 3)
    return out


def views():
    base = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    tied = torch.arange(5, dtype=torch.int64)
    return collections.OrderedDict([
        ("whole", base), ("transposed", base.transpose(0, 2)), ("slice", base[:, 1:, ::2]), ("row", base[1]),
        ("permuted", base.permute(1, 2, 0)), ("tied.a", tied), ("tied.b", tied), ("one", base[1, 2, 3]),
        ("channels_last", torch.arange(48, dtype=torch.float32).reshape(2, 2, 3, 4).to(memory_format=torch.channels_last)),
    ])


def small_model():
    return torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3, bias=False), torch.nn.BatchNorm2d(3), torch.nn.Linear(3, 2))


def checkpoint():
    """A training's checkpoint: weights, optimiser, arguments, label map."""
    model = torch.nn.DataParallel(small_model())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model.module[2](torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {
        "epoch": 7,
        "model_state": model.state_dict(),
        "optimizer_state": optimizer.state_dict(),
        "args": argparse.Namespace(lr=1e-3, data="videos"),
        "best_acc": numpy.float64(0.625),
        "label_map": {"book": 0, "drink": 1, "naïve": 2},
        "id_to_name": {0: "book", 1: "drink"},
        "history": {"loss": [1.5, 0.5], "note": None, "large": 1 << 80, "nan": float("nan")},
        "device": torch.device("cuda:0"), "size": torch.Size([3, 4]), "type": torch.float16, "bytes": b"\x00\xff",
        "complex": torch.zeros(2, dtype=torch.complex64), "set": {1},
    }, {k: v for k, v in model.module.state_dict().items()}


class Runs:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def repack(source, target, method, change=None, wide=False):
    """The entries of SOURCE in a new archive; `change` makes other bytes of them."""
    with zipfile.ZipFile(os.path.join(HERE, source)) as old, \
            zipfile.ZipFile(os.path.join(HERE, target), "w", method) as new:
        for entry in old.infolist():
            data = old.read(entry)
            if change:
                data = change(entry.filename, data)
                if data is None:
                    continue
            info = zipfile.ZipInfo(entry.filename)
            info.compress_type = method
            with new.open(info, "w", force_zip64=wide) as to:
                to.write(data)


def widen(name):
    """Says in the directory of an archive that sizes and places are in zip64 fields, as for files over 4 GiB."""
    path = os.path.join(HERE, name)
    data = open(path, "rb").read()
    end = data.rfind(b"PK\5\6")
    count = int.from_bytes(data[end + 10:end + 12], "little")
    at = int.from_bytes(data[end + 16:end + 20], "little")
    directory = b""
    full = b"\xff" * 4
    place = at
    for _ in range(count):
        record = data[place:place + 46]
        n, e, c = (int.from_bytes(record[i:i + 2], "little") for i in (28, 30, 32))
        packed, size, header = (int.from_bytes(record[i:i + 4], "little") for i in (20, 24, 42))
        extra = b"\1\0" + (24).to_bytes(2, "little") + b"".join(v.to_bytes(8, "little") for v in (size, packed, header))
        directory += record[:20] + full + full + record[28:30] + len(extra).to_bytes(2, "little") + record[32:42] + full
        directory += data[place + 46:place + 46 + n] + extra + data[place + 46 + n + e:place + 46 + n + e + c]
        place += 46 + n + e + c
    wide_at = at + len(directory)
    wide = b"PK\6\6" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + bytes(8)
    wide += count.to_bytes(8, "little") * 2 + len(directory).to_bytes(8, "little") + at.to_bytes(8, "little")
    locator = b"PK\6\7" + bytes(4) + wide_at.to_bytes(8, "little") + (1).to_bytes(4, "little")
    finish = b"PK\5\6" + bytes(4) + b"\xff\xff" * 2 + full * 2 + bytes(2)
    open(path, "wb").write(data[:at] + directory + wide + locator + finish)


def main():
    legacy = {"_use_new_zipfile_serialization": False}
    write("types", typed(), typed())
    write("types_legacy", typed(), typed(), **legacy)
    write("views", views(), views())
    write("views_legacy", views(), views(), **legacy)
    state, weights = checkpoint()
    write("checkpoint", state, weights)
    write("protocol4", state, weights, pickle_protocol=4)
    write("protocol5", views(), views(), pickle_protocol=5)
    del state["complex"]  # behind a storage of an unread type a legacy file cannot be read further
    write("checkpoint_legacy", state, weights, **legacy)
    nested = {"model": {"state_dict": {"_orig_mod.module." + k: v for k, v in views().items()}}, "step": 3}
    write("nested", nested, views())
    marked = torch.nn.Parameter(torch.arange(3.0))
    marked.note = "with attributes"
    write("parameters", {"p": marked, "list": [torch.ones(1), torch.zeros(2)]},
          {"p": marked, "list.0": torch.ones(1), "list.1": torch.zeros(2)})
    torch.serialization.set_crc32_options(False)
    write("without_crc", views(), views())
    torch.serialization.set_crc32_options(True)
    repack("views.pth", "deflated.pth", zipfile.ZIP_DEFLATED)
    repack("views.pth", "zip64.pth", zipfile.ZIP_STORED, wide=True)
    widen("zip64.pth")
    for name in ("deflated", "zip64"):
        save_file({k: v.clone().contiguous() for k, v in views().items()}, os.path.join(HERE, name + ".safetensors"))

    # What would run, if anything was run: it makes a file that the test looks for.
    mark = "touch magister-was-run"
    write("calls", {"weight": torch.ones(2), "payload": Runs(os.system, mark)}, {"weight": torch.ones(2)})
    write("calls_alone", Runs(os.system, mark))
    write("evaluates", {"weight": torch.ones(2), "payload": Runs(eval, "open('magister-was-run', 'w')")},
          {"weight": torch.ones(2)}, **legacy)
    write("expanded", {"weight": torch.ones(2), "wide": torch.zeros(1).expand(1 << 20, 1 << 20)},
          {"weight": torch.ones(2)})

    # What must be refused.
    whole = open(os.path.join(HERE, "views.pth"), "rb").read()
    open(os.path.join(HERE, "cut.pth"), "wb").write(whole[:len(whole) * 2 // 3])
    repack("views.pth", "short_storage.pth", zipfile.ZIP_STORED,
           lambda name, data: data[:-4] if name.endswith("data/0") else data)
    repack("views.pth", "no_storage.pth", zipfile.ZIP_STORED,
           lambda name, data: None if name.endswith("data/0") else data)
    repack("views.pth", "big_endian.pth", zipfile.ZIP_STORED,
           lambda name, data: b"big" if name.endswith("byteorder") else data)
    # 24 elements and strides of 12, 4, 1: an offset of 1 reaches out of the storage
    first = b"QK\x00K\x02K\x03K\x04\x87"
    repack("views.pth", "out_of_storage.pth", zipfile.ZIP_STORED,
           lambda name, data: data.replace(first, b"QK\x01" + first[3:], 1) if name.endswith("data.pkl") else data)
    with open(os.path.join(HERE, "plain_pickle.pth"), "wb") as to:
        pickle.dump({"weight": [1, 2]}, to, protocol=2)
    damaged = bytearray(whole)
    place = whole.rfind(numpy.arange(24, dtype=numpy.float32).tobytes())
    damaged[place + 5] ^= 1
    open(os.path.join(HERE, "wrong_crc.pth"), "wb").write(damaged)
    with zipfile.ZipFile(os.path.join(HERE, "only_a_zip.pth"), "w") as archive:
        archive.writestr("readme.txt", "none")


main()
