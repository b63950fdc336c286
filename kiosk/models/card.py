"""A model card: what a network is and the exact contract of its input.

The seam of the program is raw pixels: uint8, NHWC, BGR as cameras deliver them. Whatever the
network wants instead (channel order, mean, scale, layout) is written on its card and done by the
runtime behind the seam, exactly once.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

from kiosk.domain import ModelId
from kiosk.errors import ModelError


class Role(enum.Enum):
    """What a network is used for."""

    DETECTOR = "detector"
    EMBEDDER = "embedder"
    LIVENESS = "liveness"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A network's identity, bytes and input contract: ``(pixel − mean) / std`` per channel."""

    name: str
    version: str
    role: Role
    architecture: str
    """Which decoder understands its outputs, e.g. ``retinaface`` or ``embedding``."""
    file: str
    sha256: str
    precision: str
    width_px: int
    height_px: int
    colour_order: str
    """``RGB`` or ``BGR``: the order of the channels the network was trained on."""
    mean: tuple[float, float, float]
    """In the network's colour order, on the scale 0–255; likewise ``std``."""
    std: tuple[float, float, float]
    embedding_size: int = 0
    licence: str = ""
    upstream: str = ""

    @property
    def id(self) -> ModelId:
        return ModelId(self.name, self.version, self.precision)

    def __post_init__(self) -> None:
        if self.colour_order not in ("RGB", "BGR"):
            raise ModelError(f"{self.name}: colour_order must be RGB or BGR on the model card.")
        if min(self.std) <= 0:
            raise ModelError(f"{self.name}: std must be positive on the model card.")
        if not (8 <= self.width_px <= 4096 and 8 <= self.height_px <= 4096):
            raise ModelError(f"{self.name}: the input size on the model card is not plausible.")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ModelError(f"{self.name}: sha256 on the model card is not a SHA-256 digest.")
        # A card can come from a USB stick: its file name must not lead out of the folder.
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.file):
            raise ModelError(f"{self.name}: {self.file!r} on the model card is not a file name.")


def parse_card(name: str, values: dict[str, Any]) -> ModelCard:
    """Make a card from one table of a manifest. Raises ModelError naming what is wrong."""
    try:
        return ModelCard(
            name=name,
            version=str(values["version"]),
            role=Role(values["role"]),
            architecture=str(values["architecture"]),
            file=str(values["file"]),
            sha256=str(values["sha256"]).lower(),
            precision=str(values["precision"]),
            width_px=int(values["width_px"]),
            height_px=int(values["height_px"]),
            colour_order=str(values["colour_order"]),
            mean=_triple(values["mean"]),
            std=_triple(values["std"]),
            embedding_size=int(values.get("embedding_size", 0)),
            licence=str(values.get("licence", "")),
            upstream=str(values.get("upstream", "")),
        )
    except KeyError as error:
        raise ModelError(f"The card of {name} lacks {error}.") from error
    except (TypeError, ValueError) as error:
        raise ModelError(f"The card of {name} cannot be read: {error}.") from error


def _triple(values: Any) -> tuple[float, float, float]:
    first, second, third = (float(value) for value in values)
    return first, second, third
