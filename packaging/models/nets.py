"""The four networks, in PyTorch, from random initialisation.

Dense 3×3 convolutions take the place of depthwise ones wherever the name does not promise
otherwise: on a CPU as on an NPU they are faster for what they learn.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

EMBEDDING_SIZE = 128


def conv(
    inside: int, out: int, kernel: int = 3, stride: int = 1, groups: int = 1, act: bool = True
) -> nn.Sequential:
    """Return convolution, batch normalisation and, unless told otherwise, ReLU."""
    layers: list[nn.Module] = [
        nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if act else []))


# --- detector ---------------------------------------------------------------------------------


def separable(inside: int, out: int, stride: int) -> nn.Sequential:
    """Return a depthwise 3×3 and a pointwise convolution (MobileNet, Howard et al., 2017)."""
    return nn.Sequential(conv(inside, inside, 3, stride, groups=inside), conv(inside, out, 1))


class ContextModule(nn.Module):
    """Sees 3×3, 5×5 and 7×7 surroundings side by side (SSH, Najibi et al., 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.near = conv(width, width // 2, act=False)
        self.shared = conv(width, width // 4)
        self.middle = conv(width // 4, width // 4, act=False)
        self.far = nn.Sequential(
            conv(width // 4, width // 4), conv(width // 4, width // 4, act=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return features of the same shape."""
        shared = self.shared(x)
        return torch.relu(torch.cat([self.near(x), self.middle(shared), self.far(shared)], 1))


class RetinaFace(nn.Module):
    """RetinaFace (Deng et al., 2019) with MobileNet-0.25: strides 8, 16, 32, two anchors a cell.

    Takes BGR minus the card's mean; gives boxes (N, A, 4), class logits (N, A, 2), softmaxed once
    ``is_exported``, and landmarks (N, A, 10), all as offsets from the anchors.
    """

    WIDTH = 64
    ANCHORS = 2

    def __init__(self) -> None:
        super().__init__()
        self.stage8 = nn.Sequential(
            conv(3, 8, 3, 2),
            separable(8, 16, 1),
            separable(16, 32, 2),
            separable(32, 32, 1),
            separable(32, 64, 2),
            separable(64, 64, 1),
        )
        self.stage16 = nn.Sequential(
            separable(64, 128, 2), *[separable(128, 128, 1) for _ in range(5)]
        )
        self.stage32 = nn.Sequential(separable(128, 256, 2), separable(256, 256, 1))
        self.lateral = nn.ModuleList([conv(width, self.WIDTH, 1) for width in (64, 128, 256)])
        self.merge = nn.ModuleList([conv(self.WIDTH, self.WIDTH) for _ in range(2)])
        self.context = nn.ModuleList([ContextModule(self.WIDTH) for _ in range(3)])
        self.heads = nn.ModuleDict(
            {
                name: nn.ModuleList([nn.Conv2d(self.WIDTH, self.ANCHORS * size, 1) for _ in "123"])
                for name, size in (("boxes", 4), ("scores", 2), ("landmarks", 10))
            }
        )
        self.is_exported = False
        for head in self.heads["scores"]:
            # Nearly every anchor is background: start from that.
            nn.init.constant_(head.bias, 0.0)
            head.bias.data[0::2] = 2.0
            head.bias.data[1::2] = -2.0

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return boxes, scores and landmarks."""
        c8 = self.stage8(x)
        c16 = self.stage16(c8)
        p8, p16, p32 = (
            lateral(c)
            for lateral, c in zip(self.lateral, (c8, c16, self.stage32(c16)), strict=True)
        )
        p16 = self.merge[1](p16 + functional.interpolate(p32, scale_factor=2.0, mode="nearest"))
        p8 = self.merge[0](p8 + functional.interpolate(p16, scale_factor=2.0, mode="nearest"))
        levels = [block(p) for block, p in zip(self.context, (p8, p16, p32), strict=True)]
        boxes, scores, landmarks = (
            self._read(name, size, levels)
            for name, size in (("boxes", 4), ("scores", 2), ("landmarks", 10))
        )
        return boxes, scores.softmax(-1) if self.is_exported else scores, landmarks

    def _read(self, name: str, size: int, levels: list[Tensor]) -> Tensor:
        # In full precision: a coordinate has more digits than bfloat16.
        with torch.autocast("cpu", enabled=False):
            rows = [
                head(level.float()).permute(0, 2, 3, 1).reshape(level.shape[0], -1, size)
                for head, level in zip(self.heads[name], levels, strict=True)
            ]
            return torch.cat(rows, 1)


# --- embedder ---------------------------------------------------------------------------------


class FusedBottleneck(nn.Module):
    """An inverted linear bottleneck whose expansion and depthwise steps are one 3×3 convolution.

    (Fused-MBConv, Gupta and Tan, 2019, in the place of MobileFaceNet's separable bottleneck.)
    """

    def __init__(self, inside: int, out: int, wide: int, stride: int) -> None:
        super().__init__()
        self.block = nn.Sequential(conv(inside, wide, 3, stride), conv(wide, out, 1, act=False))
        self.is_residual = stride == 1 and inside == out

    def forward(self, x: Tensor) -> Tensor:
        """Return the features, added to the input where the shapes agree."""
        return x + self.block(x) if self.is_residual else self.block(x)


class Embedder(nn.Module):
    """A thin MobileFaceNet (Chen et al., 2018) of fused bottlenecks, 112×112 RGB to 128 values.

    Ends as MobileFaceNet does: a global depthwise convolution, which weighs the places of a face,
    and a linear layer with batch normalisation.
    """

    STAGES = ((32, 64, 2), (64, 128, 2), (96, 192, 2))
    """Width, expanded width and number of blocks; each stage halves the picture."""
    LAST = 256

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv(3, 16, 3, 2)]
        width = 16
        for out, wide, count in self.STAGES:
            layers.append(FusedBottleneck(width, out, wide, 2))
            layers += [FusedBottleneck(out, out, wide, 1) for _ in range(count - 1)]
            width = out
        self.trunk = nn.Sequential(*layers, conv(width, self.LAST, 1))
        self.places = nn.Sequential(
            nn.Conv2d(self.LAST, self.LAST, 7, groups=self.LAST, bias=False),
            nn.BatchNorm2d(self.LAST),
        )
        self.project = nn.Sequential(
            nn.Conv2d(self.LAST, EMBEDDING_SIZE, 1, bias=False), nn.BatchNorm2d(EMBEDDING_SIZE)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return embeddings (N, 128), not normalised."""
        return self.project(self.places(self.trunk(x))).flatten(1)


# --- head pose, liveness ----------------------------------------------------------------------


def _plain_trunk(widths: tuple[int, ...], stem: int) -> nn.Sequential:
    layers = [conv(3, stem, 3, 2)]
    width = stem
    for out in widths:
        layers += [conv(width, out, 3, 2), conv(out, out)]
        width = out
    return nn.Sequential(*layers)


class HeadPoseNet(nn.Module):
    """64×64 to nine values: eyes and nose as fractions of the square, angles in units of 90°.

    The last features are read place by place, not averaged: where a thing is is the question.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = _plain_trunk((32, 64, 96), 16)
        self.squeeze = conv(96, 48, 1)
        self.read = nn.Sequential(
            nn.Flatten(), nn.Linear(48 * 16, 96), nn.ReLU(inplace=True), nn.Linear(96, 9)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 9)."""
        features = self.squeeze(self.trunk(x))
        with torch.autocast("cpu", enabled=False):
            return self.read(features.float())


class LivenessNet(nn.Module):
    """80×80 to three logits: print, live, screen."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = _plain_trunk((32, 48, 64), 16)
        self.squeeze = conv(64, 32, 1)
        self.read = nn.Sequential(
            nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 25, 48), nn.ReLU(), nn.Linear(48, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 3)."""
        features = self.squeeze(self.trunk(x))
        with torch.autocast("cpu", enabled=False):
            return self.read(features.float())
