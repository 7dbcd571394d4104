"""State files as PyTorch writes them, small, and the same tensors as safetensors for the good ones.

    python tests/golden/weights/make_weights.py     (torch and safetensors; writes beside itself)

NAME.pth is a file of torch.save; NAME.safetensors what must be read from it (of names_*: under the names of our
modules). Files without a .safetensors must be refused. Storages of legacy files are called by their addresses, so each
run makes other bytes of those.
"""

import argparse
import collections
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
        ("channels_last", torch.arange(48.0).reshape(2, 2, 3, 4).to(memory_format=torch.channels_last)),
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


def norm(name, width):
    return {name + ".weight": torch.randn(width), name + ".bias": torch.randn(width)}


def linear(name, fan_in, fan_out):
    return {name + ".weight": torch.randn(fan_out, fan_in), name + ".bias": torch.randn(fan_out)}


def put(theirs, ours, pairs, values):
    """The same values under both names; `pairs` are (their prefix, our prefix), of values named by theirs."""
    for name, value in values.items():
        theirs[name] = value
        for before, after in pairs:
            if name.startswith(before):
                ours[after + name[len(before):]] = value
                break
        else:
            raise ValueError(name)


def vit():
    """torchvision's names, against timm's."""
    theirs, ours, d = {}, {}, 4
    put(theirs, ours, [("conv_proj", "patch_embed.proj")], {
        "conv_proj.weight": torch.randn(d, 3, 2, 2), "conv_proj.bias": torch.randn(d)})
    put(theirs, ours, [("class_token", "cls_token")], {"class_token": torch.randn(1, 1, d)})
    put(theirs, ours, [("encoder.pos_embedding", "pos_embed")], {"encoder.pos_embedding": torch.randn(1, 5, d)})
    for i in range(2):
        a, b = f"encoder.layers.encoder_layer_{i}.", f"blocks.{i}."
        put(theirs, ours, [(a + "ln_1", b + "norm1"), (a + "ln_2", b + "norm2")],
            {**norm(a + "ln_1", d), **norm(a + "ln_2", d)})
        attention = a + "self_attention."
        put(theirs, ours, [(attention + "in_proj_", b + "attn.qkv."), (attention + "out_proj", b + "attn.proj")],
            {attention + "in_proj_weight": torch.randn(3 * d, d), attention + "in_proj_bias": torch.randn(3 * d),
             **linear(attention + "out_proj", d, d)})
        put(theirs, ours, [(a + "mlp.0", b + "mlp.fc1"), (a + "mlp.3", b + "mlp.fc2")],
            {**linear(a + "mlp.0", d, 4 * d), **linear(a + "mlp.3", 4 * d, d)})
    put(theirs, ours, [("encoder.ln", "norm"), ("heads.head", "head")],
        {**norm("encoder.ln", d), **linear("heads.head", d, 3)})
    return theirs, ours


def avt():
    """AVT: GPT-2 with joint projections that are (in, out), timm's model below backbone.model, 16 positions for 3."""
    theirs, ours, d, wide = {}, {}, 4, 6
    put(theirs, ours, [("backbone.model", "backbone")], {"backbone.model.cls_token": torch.randn(1, 1, d),
                                                         **norm("backbone.model.norm", d)})
    theirs["future_predictor.encoder.weight"] = ours["input.weight"] = torch.randn(wide, d)
    theirs["future_predictor.decoder.weight"] = ours["output.weight"] = torch.randn(d, wide)
    positions = theirs["future_predictor.gpt_model.wpe.weight"] = torch.randn(16, wide)
    ours["decoder.position"] = positions[:3]
    for i in range(2):
        a, b = f"future_predictor.gpt_model.h.{i}.", f"decoder.layer.{i}."
        put(theirs, ours, [(a + "ln_1", b + "norm_attention"), (a + "ln_2", b + "norm_inner")],
            {**norm(a + "ln_1", wide), **norm(a + "ln_2", wide)})
        joint = theirs[a + "attn.c_attn.weight"] = torch.randn(wide, 3 * wide)
        bias = theirs[a + "attn.c_attn.bias"] = torch.randn(3 * wide)
        for k, name in enumerate(("query", "key", "value")):
            ours[b + f"attention.{name}.weight"] = joint[:, k * wide:(k + 1) * wide].t()
            ours[b + f"attention.{name}.bias"] = bias[k * wide:(k + 1) * wide]
        for before, after, fan_in, fan_out in (("attn.c_proj", "attention.output", wide, wide),
                                               ("mlp.c_fc", "inner", wide, 4 * wide),
                                               ("mlp.c_proj", "outer", 4 * wide, wide)):
            theirs[a + before + ".weight"] = torch.randn(fan_in, fan_out)
            ours[b + after + ".weight"] = theirs[a + before + ".weight"].t()
            theirs[a + before + ".bias"] = ours[b + after + ".bias"] = torch.randn(fan_out)
        theirs[a + "attn.bias"] = torch.ones(1, 1, 4, 4).tril().bool()
        theirs[a + "attn.masked_bias"] = torch.tensor(-1e4)
    last = "future_predictor.gpt_model.ln_f"
    put(theirs, ours, [(last, "decoder.norm")], norm(last, wide))
    put(theirs, ours, [("classifiers.action", "classifier")], linear("classifiers.action", d, 5))
    theirs["cls_map_verb_action"] = torch.zeros(2, 5)
    return {"model": theirs, "optimizer": {}, "epoch": 3}, ours


def sign2text(prefix):
    """A residual network cut into a Sequential (conv1, bn1, ReLU, pool, layer1 ...)."""
    theirs, ours = {}, {}
    put(theirs, ours, [(prefix + ".0", "cnn.conv1"), (prefix + ".1", "cnn.bn1"), (prefix + ".4", "cnn.layer1"),
                       (prefix + ".5", "cnn.layer2"), ("lstm", "lstm"), ("attention", "attention"), ("fc", "fc")], {
        prefix + ".0.weight": torch.randn(2, 3, 3, 3), **norm(prefix + ".1", 2),
        prefix + ".1.running_mean": torch.randn(2), prefix + ".1.running_var": torch.rand(2),
        prefix + ".4.0.conv1.weight": torch.randn(2, 2, 3, 3),
        prefix + ".5.0.downsample.0.weight": torch.randn(4, 2, 1, 1),
        "lstm.weight_ih_l0_reverse": torch.randn(8, 4), **linear("attention.0", 4, 2), **linear("attention.2", 2, 1),
        **linear("fc.0", 4, 4), **linear("fc.3", 4, 3)})
    theirs[prefix + ".1.num_batches_tracked"] = torch.tensor(9)
    return {"model_state_dict": {"module." + k: v for k, v in theirs.items()}, "label_map": {"book": 0}}, ours


def teacher():
    """A text teacher: heads around a model of Transformers, float16."""
    theirs, ours = {}, {}
    put(theirs, ours, [("LM_base.", ""), ("out_action", "heads.action"), ("out_verb", "heads.verb")], {
        "LM_base.embeddings.word_embeddings.weight": torch.randn(5, 4),
        **linear("LM_base.encoder.layer.0.attention.self.query", 4, 4),
        **linear("out_action", 4, 3), **linear("out_verb", 4, 2)})
    theirs = {k: v.half() for k, v in theirs.items()}
    theirs.update({"LM_base.pooler.dense.weight": torch.zeros(4, 4), "lin_trf.weight": torch.zeros(2, 4),
                   "LM_base.embeddings.position_ids": torch.arange(3)[None]})
    return theirs, {k: v.half().float() for k, v in ours.items()}


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

    for name, (theirs, ours) in {"names_vit": vit(), "names_avt": avt(), "names_sign2text": sign2text("cnn"),
                                 "names_backbone": sign2text("backbone"), "names_teacher": teacher()}.items():
        write(name, theirs, ours)

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
    repack("views.pth", "bzip2.pth", zipfile.ZIP_BZIP2)
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
    start = open(os.path.join(HERE, "views_legacy.pth"), "rb").read()
    start = start[:start.index(b"\x80\x02}")]
    open(os.path.join(HERE, "mark_first.pth"), "wb").write(start + b"\x80\x02(0d.")
    damaged = bytearray(whole)
    place = whole.rfind(numpy.arange(24, dtype=numpy.float32).tobytes())
    damaged[place + 5] ^= 1
    open(os.path.join(HERE, "wrong_crc.pth"), "wb").write(damaged)
    with zipfile.ZipFile(os.path.join(HERE, "only_a_zip.pth"), "w") as archive:
        archive.writestr(zipfile.ZipInfo("readme.txt"), "none")


main()
