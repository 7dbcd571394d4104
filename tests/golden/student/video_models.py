"""The video models in PyTorch, as references for tests and benches: written from their tables (layer, width, parameters).

Names of parameters are those of student/resnet.h, sign2text.h, timesformer.h, vit.h and avt.c. Run as a program it prints
their numbers of parameters.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        kept = x if self.downsample is None else self.downsample(x)
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += kept
        return F.relu(y, inplace=True)


class ResNet18(nn.Module):
    def __init__(self, width=64, classes=0):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        inputs = width
        for i in range(4):
            outputs = width * 2**i
            blocks = BasicBlock(inputs, outputs, 2 if i else 1), BasicBlock(outputs, outputs, 1)
            setattr(self, f"layer{i + 1}", nn.Sequential(*blocks))
            inputs = outputs
        self.fc = nn.Linear(inputs, classes) if classes else None

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1)
        for i in range(4):
            x = getattr(self, f"layer{i + 1}")(x)
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return self.fc(x) if self.fc is not None else x


def sinusoids(length, width):
    place = torch.arange(length).double()[:, None]
    rate = torch.exp(torch.arange(0, width, 2).double() * (-math.log(10000.0) / width))
    table = torch.zeros(length, width, dtype=torch.double)
    table[:, 0::2] = torch.sin(place * rate)
    table[:, 1::2] = torch.cos(place * rate)[:, : width // 2]
    return table.float()


class Sign2Text(nn.Module):
    """Returns logits, the pooled feature, and the weights of the frames."""

    def __init__(self, classes=10, width=64, feature=512, hidden=256, layers=2, dropout=0.1, frames=32):
        super().__init__()
        self.cnn = ResNet18(width)
        self.projection = nn.Linear(8 * width, feature) if feature != 8 * width else None
        self.register_buffer("position", sinusoids(frames, feature), persistent=False)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(feature, hidden, layers, batch_first=True, bidirectional=True, dropout=dropout)
        self.attention = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        self.fc = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes))

    def forward(self, frames):
        batch, length = frames.shape[:2]
        x = self.cnn(frames.flatten(0, 1)).unflatten(0, (batch, length))
        x = x if self.projection is None else self.projection(x)
        x, _ = self.lstm(self.dropout(x + self.position[:length]))
        weights = self.attention(x).squeeze(-1).softmax(1)
        feature = (weights[:, :, None] * x).sum(1)
        return self.fc(feature), feature, weights


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class PatchEmbed(nn.Module):
    def __init__(self, patch, width):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class DividedBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.temporal_attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.spatial_attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = Mlp(width, 4 * width)
        self.seen = None

    def attend(self, cls, x):
        """cls (B, 1, D), x (B, T, N, D): over time for every patch, then over the patches of every frame."""
        batch, frames, patches, width = x.shape
        y = torch.cat([cls.expand(-1, patches, -1).flatten(0, 1)[:, None], x.transpose(1, 2).flatten(0, 1)], 1)
        y, weights = self.temporal_attn(y, y, y, need_weights=True, average_attn_weights=True)
        self.seen = weights[:, 0, 1:].unflatten(0, (batch, patches)).mean(1)
        cls = y[:, 0].unflatten(0, (batch, patches)).mean(1, keepdim=True)
        x = y[:, 1:].unflatten(0, (batch, patches)).transpose(1, 2)
        y = torch.cat([cls.expand(-1, frames, -1).flatten(0, 1)[:, None], x.flatten(0, 1)], 1)
        y, _ = self.spatial_attn(y, y, y, need_weights=False)
        cls = y[:, 0].unflatten(0, (batch, frames)).mean(1, keepdim=True)
        return cls, y[:, 1:].unflatten(0, (batch, frames))

    def forward(self, cls, x):
        more_cls, more = self.attend(self.norm1(cls), self.norm1(x))
        cls, x = cls + more_cls, x + more
        return cls + self.mlp(self.norm2(cls)), x + self.mlp(self.norm2(x))


class SignTimeSformer(nn.Module):
    """Returns logits, the feature of cls, and the weights of the frames: temporal attention of cls in the last block,
    over heads and patches, brought to sum 1."""

    def __init__(self, classes=10, frames=32, side=224, patch=16, width=768, layers=5, heads=8):
        super().__init__()
        self.patch_embed = PatchEmbed(patch, width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.spatial_embed = nn.Parameter(torch.zeros(1, (side // patch) ** 2, width))
        self.temporal_embed = nn.Parameter(torch.zeros(1, frames, width))
        self.blocks = nn.ModuleList(DividedBlock(width, heads) for _ in range(layers))
        self.temporal_norm, self.spatial_norm = nn.LayerNorm(width), nn.LayerNorm(width)  # in the files, never used
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, classes)

    def forward(self, frames):
        batch, length = frames.shape[:2]
        x = self.patch_embed(frames.flatten(0, 1)).unflatten(0, (batch, length))
        x = x + self.spatial_embed[:, None] + self.temporal_embed[:, :length, None]
        cls = self.cls_token.expand(batch, -1, -1)
        for block in self.blocks:
            cls, x = block(cls, x)
        feature = self.norm(cls)[:, 0]
        seen = self.blocks[-1].seen
        return self.head(feature), feature, seen / seen.sum(1, keepdim=True)


class ViTAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.qkv(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class ViTBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn, self.mlp = ViTAttention(width, heads), Mlp(width, 4 * width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """Returns the logits (None without classes) and the feature of cls."""

    def __init__(self, classes=1000, side=224, patch=16, width=768, layers=12, heads=12):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (side // patch) ** 2 + 1, width))
        self.patch_embed = PatchEmbed(patch, width)
        self.blocks = nn.ModuleList(ViTBlock(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes) if classes else None

    def forward(self, x):
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        feature = self.norm(x)[:, 0]
        return self.head(feature) if self.head is not None else None, feature


class DecoderAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.output = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        q, k, v = (part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.output(y.transpose(1, 2).flatten(2))


class DecoderLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm_attention, self.norm_inner = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = DecoderAttention(width, heads)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attention(self.norm_attention(x))
        return x + self.outer(F.gelu(self.inner(self.norm_inner(x)), approximate="tanh"))


class Decoder(nn.Module):
    def __init__(self, frames, width, layers, heads):
        super().__init__()
        self.position = nn.Parameter(torch.zeros(frames, width))
        self.layer = nn.ModuleList(DecoderLayer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        x = x + self.position
        for layer in self.layer:
            x = layer(x)
        return self.norm(x)


class AVT(nn.Module):
    """ViT a frame, AVT-h over them. Returns the logits and feature of the future, and None."""

    def __init__(self, classes=10, frames=10, side=224, patch=16, width=2048, layers=2, heads=4, backbone=(768, 12, 12)):
        super().__init__()
        self.backbone = ViT(0, side, patch, *backbone)
        self.input = nn.Linear(backbone[0], width, bias=False)
        self.decoder = Decoder(frames, width, layers, heads)
        self.output = nn.Linear(width, backbone[0], bias=False)
        self.classifier = nn.Linear(backbone[0], classes)

    def forward(self, frames):
        x = self.backbone(frames.flatten(0, 1))[1].unflatten(0, frames.shape[:2])
        feature = self.output(self.decoder(self.input(x)))[:, -1]
        return self.classifier(feature), feature, None


def count(model):
    return sum(p.numel() for p in model.parameters())


if __name__ == "__main__":
    for model in ResNet18, Sign2Text, SignTimeSformer, ViT, AVT:
        print(model.__name__, count(model()))
