"""Writes what PyTorch says: operations.safetensors, layers.safetensors, training.safetensors, beside this script.

Operations and layers: CASE/in0 ... CASE/out, the weights CASE/cotangent of the scalar sum(out * cotangent), and its
gradients CASE/grad0 ... of the inputs that have one. Layers also CASE/parameter/NAME and CASE/gradient/NAME.
Training: initial parameters, batches, and after ten steps of an optimiser the losses and parameters.
"""

import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(20)
torch.use_deterministic_algorithms(True)


def normal(*shape):
    return torch.randn(*shape)


def positive(*shape):
    return torch.rand(*shape) + 0.5


def save(name, tensors):
    tensors = {key: value.detach().contiguous().clone() for key, value in tensors.items()}
    path = os.path.join(HERE, name)
    save_file(tensors, path, metadata={"torch": torch.__version__})
    os.chmod(path, 0o644)


def record(into, name, inputs, call, leaves=()):
    """`call(*inputs)`, and the gradients of its floating inputs and of `leaves` (name, tensor)."""
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    out = call(*inputs)
    for i, x in enumerate(inputs):
        into[f"{name}/in{i}"] = x
    into[f"{name}/out"] = out
    if not out.requires_grad:
        return
    cotangent = torch.randn(out.shape).to(out.dtype)
    into[f"{name}/cotangent"] = cotangent
    (out * cotangent).sum().backward()
    for i, x in enumerate(inputs):
        if x.grad is not None:
            into[f"{name}/grad{i}"] = x.grad
    for key, x in leaves:
        into[f"{name}/parameter/{key}"] = x
        into[f"{name}/gradient/{key}"] = torch.zeros_like(x) if x.grad is None else x.grad


# ---- operations ------------------------------------------------------------------------------------------------------

index = torch.tensor([2, 0, 2, 1])
places = torch.tensor([[0, 3, 1], [2, 2, 0]])
ids = torch.tensor([[1, 4, 1], [0, 6, 4]])
labels = torch.tensor([3, -100, 0, 4, 2, 3])
look = torch.rand(2, 1, 4, 5) > 0.3
look[..., 0] = True

OPERATIONS = {
    "reshape": ([normal(2, 6)], lambda x: x.reshape(3, -1)),
    "transpose": ([normal(2, 3, 4)], lambda x: x.transpose(0, -1)),
    "permute": ([normal(2, 3, 4)], lambda x: x.permute(2, 0, 1)),
    "contiguous": ([normal(3, 4)], lambda x: x.transpose(0, 1).contiguous()),
    "unsqueeze": ([normal(3, 4)], lambda x: x.unsqueeze(1)),
    "squeeze": ([normal(3, 1, 4)], lambda x: x.squeeze(1)),
    "expand": ([normal(3, 1)], lambda x: x.expand(2, -1, 4)),
    "narrow": ([normal(3, 5)], lambda x: x.narrow(1, 1, 3)),
    "select": ([normal(3, 5)], lambda x: x.select(-1, 2)),
    "cat": ([normal(2, 3), normal(2, 1), normal(2, 2)], lambda a, b, c: torch.cat([a, b, c], 1)),
    "stack": ([normal(2, 3), normal(2, 3)], lambda a, b: torch.stack([a, b], 1)),
    "index_select": ([normal(3, 4), index], lambda x, i: x.index_select(0, i)),
    "gather": ([normal(2, 4), places], lambda x, i: x.gather(1, i)),
    "index_add": ([normal(3, 2), index, normal(4, 2)], lambda x, i, s: x.index_add(0, i, s)),
    "cast": ([normal(3, 4)], lambda x: x.to(torch.float64)),
    "clone": ([normal(3, 4)], lambda x: x.clone()),
    "detach": ([normal(3, 4)], lambda x: x.detach()),
    "add": ([normal(2, 3, 4), normal(3, 1)], torch.add),
    "sub": ([normal(3, 4), normal(4)], torch.sub),
    "mul": ([normal(3, 4), normal(3, 1)], torch.mul),
    "div": ([normal(3, 4), positive(3, 4)], torch.div),
    "scale": ([normal(3, 4)], lambda x: x * 1.75),
    "shift": ([normal(3, 4)], lambda x: x + 0.625),
    "pow": ([positive(3, 4)], lambda x: x**2.5),
    "neg": ([normal(3, 4)], torch.neg),
    "exp": ([normal(3, 4)], torch.exp),
    "log": ([positive(3, 4)], torch.log),
    "sqrt": ([positive(3, 4)], torch.sqrt),
    "tanh": ([normal(3, 4)], torch.tanh),
    "sigmoid": ([normal(3, 4)], torch.sigmoid),
    "relu": ([normal(3, 4)], torch.relu),
    "gelu": ([normal(3, 4)], F.gelu),
    "gelu_tanh": ([normal(3, 4)], lambda x: F.gelu(x, approximate="tanh")),
    "matmul": ([normal(2, 3, 4), normal(4, 5)], torch.matmul),
    "sum": ([normal(2, 3, 4)], lambda x: x.sum(1)),
    "mean": ([normal(2, 3, 4)], lambda x: x.mean(-1, keepdim=True)),
    "max": ([normal(3, 5)], lambda x: x.max(1).values),
    "argmax": ([normal(3, 5)], lambda x: x.argmax(1)),
    "sum_all": ([normal(3, 5)], lambda x: x.sum()),
    "mean_all": ([normal(3, 5)], lambda x: x.mean()),
    "topk": ([normal(3, 7)], lambda x: x.topk(3).values),
    "topk_indices": ([normal(3, 7)], lambda x: x.topk(3).indices),
    "eq": ([places, torch.tensor([0, 2, 0])], torch.eq),
    "where": ([normal(3, 4) > 0, normal(3, 4), normal(4)], torch.where),
    "masked_fill": ([normal(3, 4), normal(3, 4) > 0], lambda x, m: x.masked_fill(m, -2.5)),
    "softmax": ([normal(3, 5)], lambda x: x.softmax(-1)),
    "log_softmax": ([normal(3, 5)], lambda x: x.log_softmax(0)),
    "linear": ([normal(2, 3, 4), normal(5, 4), normal(5)], F.linear),
    "linear_no_bias": ([normal(3, 4), normal(5, 4)], F.linear),
    "embedding": ([normal(7, 4), ids], lambda w, i: F.embedding(i, w)),
    "layer_norm": ([normal(3, 8), normal(8), normal(8)], lambda x, w, b: F.layer_norm(x, (8,), w, b, 1e-5)),
    "layer_norm_plain": ([normal(3, 8)], lambda x: F.layer_norm(x, (8,), eps=1e-12)),
    "attention": ([normal(2, 3, 4, 8), normal(2, 3, 5, 8), normal(2, 3, 5, 8)], F.scaled_dot_product_attention),
    "attention_causal": (
        [normal(2, 3, 5, 8), normal(2, 3, 5, 8), normal(2, 3, 5, 8)],
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
    ),
    "attention_mask": ([normal(2, 3, 4, 8), normal(2, 3, 5, 8), normal(2, 3, 5, 8), look], F.scaled_dot_product_attention),
    "cross_entropy": ([normal(6, 5), labels], F.cross_entropy),
    "cross_entropy_sum": ([normal(6, 5), labels], lambda z, y: F.cross_entropy(z, y, reduction="sum")),
    "cross_entropy_none": ([normal(6, 5), labels], lambda z, y: F.cross_entropy(z, y, reduction="none")),
    "cross_entropy_smooth": ([normal(6, 5), labels], lambda z, y: F.cross_entropy(z, y, label_smoothing=0.1)),
    "mse": ([normal(3, 4), normal(3, 4)], F.mse_loss),
    "mse_sum": ([normal(3, 4), normal(3, 4)], lambda a, b: F.mse_loss(a, b, reduction="sum")),
    "mse_none": ([normal(3, 4), normal(3, 4)], lambda a, b: F.mse_loss(a, b, reduction="none")),
    "cosine_similarity": ([normal(3, 6), normal(3, 6)], lambda a, b: F.cosine_similarity(a, b, 1, 1e-8)),
    "normalize": ([normal(3, 6)], lambda x: F.normalize(x, dim=1, eps=1e-12)),
}


def picture_operations():
    return {
        "conv2d": ([normal(2, 3, 6, 5), normal(4, 3, 3, 3), normal(4)], lambda x, w, b: F.conv2d(x, w, b, 2, 1)),
        "conv2d_no_bias": ([normal(2, 2, 5, 4), normal(3, 2, 2, 2)], F.conv2d),
        "group_norm": ([normal(2, 4, 3, 2), normal(4), normal(4)], lambda x, w, b: F.group_norm(x, 2, w, b, 1e-5)),
        "group_norm_plain": ([normal(3, 6, 2)], lambda x: F.group_norm(x, 3, eps=1e-6)),
        "avg_pool2d": ([normal(2, 3, 5, 6)], lambda x: F.avg_pool2d(x, (2, 3))),
    }


def pooling_operations():
    return {
        "max_pool2d": ([normal(2, 3, 7, 6)], lambda x: F.max_pool2d(x, 3, 2, 1)),
        "global_avg_pool2d": ([normal(2, 3, 5, 7)], lambda x: F.adaptive_avg_pool2d(x, 1)),
        "channels_last": ([normal(2, 3, 4, 5)], lambda x: x * 1.0),
    }


def stream_operations():
    return {
        "upsample_nearest": ([normal(2, 3, 2, 4)], lambda x: F.interpolate(x, scale_factor=3, mode="nearest")),
        "renorm_rows": ([normal(6, 5)], lambda x: torch.embedding_renorm_(x.detach().clone(), torch.arange(4), 1.5, 2)),
    }


def write_operations():
    out = {}
    for name, (inputs, call) in OPERATIONS.items():
        record(out, name, inputs, call)
    weight = positive(5)
    for name, smoothing in (("cross_entropy_weighted", 0.0), ("cross_entropy_weighted_smooth", 0.2)):
        logits = normal(6, 5)
        call = lambda z, y, s=smoothing: F.cross_entropy(z, y, weight, label_smoothing=s)
        record(out, name, [logits, labels], call)
        out[f"{name}/in2"] = weight
    with torch.random.fork_rng():  # cases that came later leave the numbers of the others as they are
        torch.manual_seed(21)
        for name, (inputs, call) in picture_operations().items():
            record(out, name, inputs, call)
        torch.manual_seed(23)
        for name, (inputs, call) in pooling_operations().items():
            record(out, name, inputs, call)
        torch.manual_seed(25)
        for name, (inputs, call) in stream_operations().items():
            record(out, name, inputs, call)
    save("operations.safetensors", out)


# ---- layers ----------------------------------------------------------------------------------------------------------


class Attention(torch.nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        for name in ("query", "key", "value", "output"):
            setattr(self, name, torch.nn.Linear(width, width))

    def forward(self, x, mask=None, causal=False, first=0):
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        if causal:
            mask = torch.ones(scores.shape[-2:], dtype=torch.bool).tril()
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        out = self.output((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))
        return out[:, :first] if first else out


class First(torch.nn.Module):
    """The first result of a layer; its parameters by their own names."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0]

    def named_parameters(self, *more, **options):
        return self.layer.named_parameters(*more, **options)


class Joint(First):
    def __init__(self, layer, first=0):
        super().__init__(layer)
        self.first = first

    def forward(self, x, mask=None):
        asked = x[:, : self.first] if self.first else x
        hidden = None if mask is None else ~mask
        return self.layer(asked, x, x, key_padding_mask=hidden, need_weights=False)[0]


class Encoder(torch.nn.TransformerEncoder):
    def __init__(self, layers, width, heads, hidden, first=0):
        layer = torch.nn.TransformerEncoderLayer(width, heads, hidden, dropout=0, batch_first=True)
        super().__init__(layer, layers, enable_nested_tensor=False)
        self.first = first

    def forward(self, x, mask=None):
        out = super().forward(x, src_key_padding_mask=None if mask is None else ~mask)
        return out[:, : self.first] if self.first else out


def record_layers(out, cases):
    for name, (layer, inputs, options) in cases.items():
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, 0, 0.4)
        layer = layer.double()  # so that the rounding is all on the side under test
        inputs = [x.double() if x.is_floating_point() else x for x in inputs]
        record(out, name, inputs, lambda *x: layer(*x, **options), list(layer.named_parameters()))


def write_layers():
    out = {}
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], dtype=torch.bool)[:, None, None, :]
    square = torch.ones(5, 5, dtype=torch.bool).triu()[None, None]
    cases = {
        "linear": (torch.nn.Linear(4, 6), [normal(2, 3, 4)], {}),
        "linear_no_bias": (torch.nn.Linear(4, 6, bias=False), [normal(3, 4)], {}),
        "embedding": (torch.nn.Embedding(9, 4), [torch.tensor([[1, 7, 1, 1], [0, 7, 3, 1]])], {}),
        "layer_norm": (torch.nn.LayerNorm(8, eps=1e-12), [normal(2, 3, 8)], {}),
        "attention": (Attention(8, 2), [normal(2, 5, 8)], {}),
        "attention_causal": (Attention(8, 2), [normal(2, 5, 8)], {"causal": True}),
        "attention_first": (Attention(8, 4), [normal(2, 5, 8), mask], {"first": 1}),
        "attention_first_square": (Attention(8, 4), [normal(2, 5, 8), square], {"first": 2}),
        "attention_first_causal": (Attention(8, 4), [normal(2, 5, 8)], {"causal": True, "first": 4}),
        "attention_mask": (Attention(8, 4), [normal(2, 5, 8), mask], {}),
    }
    record_layers(out, cases)
    with torch.random.fork_rng():
        torch.manual_seed(22)
        record_layers(out, {
            "conv2d": (torch.nn.Conv2d(6, 8, 3, 2, 1), [normal(3, 6, 9, 8)], {}),
            "conv2d_no_bias": (torch.nn.Conv2d(3, 4, 1, bias=False), [normal(2, 3, 4, 5)], {}),
            "group_norm": (torch.nn.GroupNorm(2, 8, eps=1e-5), [normal(3, 8, 4, 4)], {}),
        })
        torch.manual_seed(24)
        record_layers(out, {
            "conv2d_groups": (torch.nn.Conv2d(6, 4, 3, 2, 2, dilation=2, groups=2), [normal(2, 6, 9, 8)], {}),
            "batch_norm": (torch.nn.BatchNorm2d(6), [normal(3, 6, 4, 5)], {}),
            "lstm": (First(torch.nn.LSTM(5, 4, 2, batch_first=True, bidirectional=True)), [normal(3, 7, 5)], {}),
            "lstm_forward": (First(torch.nn.LSTM(5, 4, batch_first=True)), [normal(2, 3, 5)], {}),
            "fused_attention": (Joint(torch.nn.MultiheadAttention(8, 2, batch_first=True)), [normal(2, 5, 8)], {}),
            "fused_attention_first": (Joint(torch.nn.MultiheadAttention(8, 4, batch_first=True), 2), [normal(2, 5, 8)], {}),
        })
        torch.manual_seed(26)
        lengths = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], dtype=torch.bool)
        fused = torch.nn.MultiheadAttention(8, 2, batch_first=True)
        record_layers(out, {
            "fused_attention_mask": (Joint(fused, 1), [normal(2, 5, 8), lengths], {}),
            "transformer": (Encoder(2, 8, 4, 12), [normal(2, 5, 8)], {}),
            "transformer_mask": (Encoder(2, 8, 2, 12, first=1), [normal(2, 5, 8), lengths], {}),
        })
    save("layers.safetensors", {key: x.float() if x.is_floating_point() else x for key, x in out.items()})


# ---- training --------------------------------------------------------------------------------------------------------

VOCABULARY, WIDTH, STEPS, BATCH, LENGTH = 23, 16, 10, 4, 6


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(VOCABULARY, WIDTH)
        self.attention = Attention(WIDTH, 4)
        self.norm = torch.nn.LayerNorm(WIDTH, eps=1e-5)
        self.hidden = torch.nn.Linear(WIDTH, 32)
        self.output = torch.nn.Linear(32, VOCABULARY)

    def forward(self, ids):
        x = self.embedding(ids)
        x = self.norm(x + self.attention(x))
        return self.output(F.gelu(self.hidden(x)))


def groups_of(model):
    return [
        {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.05},
        {"params": [p for p in model.parameters() if p.dim() <= 1], "weight_decay": 0.0},
    ]


def adam(model):
    return torch.optim.Adam(groups_of(model), lr=0.01, betas=(0.9, 0.98), eps=1e-8, fused=True)


def adamw(model):
    return torch.optim.AdamW(groups_of(model), lr=0.01, betas=(0.9, 0.98), eps=1e-8, fused=True)


def sgd(model):
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True)


def write_training():
    out = {"ids": torch.randint(0, VOCABULARY, (STEPS, BATCH, LENGTH)), "labels": torch.randint(0, VOCABULARY, (STEPS, BATCH * LENGTH))}
    initial = Model()
    for name, parameter in initial.named_parameters():
        out[f"initial/{name}"] = parameter
    for kind, optimizer_of in (("adamw", adamw), ("sgd", sgd), ("adam", adam)):
        model = Model()
        model.load_state_dict(initial.state_dict())
        optimizer = optimizer_of(model)
        losses, norms = [], []
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = optimizer.param_groups[-1]["lr"] = 0.05 / (step + 2)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(out["ids"][step]).flatten(0, 1), out["labels"][step])
            loss.backward()
            if step == 0:
                for name, parameter in model.named_parameters():
                    out[f"{kind}/gradient/{name}"] = parameter.grad.clone()
            norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.9))
            optimizer.step()
            losses.append(loss.detach())
        out[f"{kind}/losses"], out[f"{kind}/norms"] = torch.stack(losses), torch.stack(norms)
        for name, parameter in model.named_parameters():
            out[f"{kind}/final/{name}"] = parameter
    save("training.safetensors", out)


write_operations()
write_layers()
write_training()
