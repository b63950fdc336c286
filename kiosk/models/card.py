"""A model card: what a network is and the exact contract of its input.

The seam of the program is raw pixels: uint8, NHWC, BGR as cameras deliver them. Whatever the
network wants instead (channel order, mean, scale, layout) is written on its card and done by the
runtime behind the seam, exactly once.
"""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass
from typing import Any

from kiosk.board.soc import TARGETS
from kiosk.domain import ModelId
from kiosk.errors import ModelError

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MAX_SIDE_PX = 4096
_MAX_EMBEDDING_SIZE = 65536
_MAX_BYTES = 2 * 1024**3
_OF_A_FILE = {
    "file", "sha256", "bytes", "target", "precision", "version", "upstream", "cut_heads"
}  # fmt: skip


class Role(enum.Enum):
    """What a network is used for."""

    DETECTOR = "detector"
    EMBEDDER = "embedder"
    LIVENESS = "liveness"
    HEAD_POSE = "head_pose"


SIMULATED = "simulated"
ONNX = "onnx"
"""The target of a file that ONNX Runtime executes, on any computer."""
_TARGETS = (ONNX, *TARGETS)
_KNOWS = ("people", SIMULATED)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One file of one network: identity, bytes, and the contract ``(pixel − mean) / std``."""

    name: str
    version: str
    role: Role
    architecture: str
    """Which decoder understands its outputs: ``retinaface``, ``embedding``, ``liveness80``,
    ``minifasnet80`` or ``headpose64``."""
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
    min_live: float = 0.5
    """Of a liveness network: the probability of "live" from which on a face may be used."""
    region_factor: float = 2.0
    """Of a detector: sides of a face's box in the square in which it places that face best."""
    knows: str = "people"
    """Whom it was trained on: ``people``, or ``simulated`` for drawn people only."""
    licence: str = ""
    upstream: str = ""
    target: str = ONNX
    """What executes the file: ``onnx``, or the chip it was converted for, e.g. ``rk3588``."""
    size_bytes: int = 0
    """Of the file; 0 where the manifest does not say."""
    cut_heads: bool = False
    """Of a detector: its outputs are the nine maps of its heads, which the program merges."""

    @property
    def stem(self) -> str:
        """How the files about this network begin: its self-test and its thresholds."""
        return self.name if self.precision == "fp32" else f"{self.name}.{self.precision}"

    @property
    def id(self) -> ModelId:
        return ModelId(self.name, self.version, self.precision)

    def __post_init__(self) -> None:
        # A card can come from a USB stick, and both names become parts of paths: neither may lead
        # out of the folder.
        for name in (self.name, self.file, self.precision):
            if not _FILE_NAME.fullmatch(name):
                raise ModelError(f"{name!r} on the card of {self.name!r} is not a file name.")
        if self.colour_order not in ("RGB", "BGR"):
            raise ModelError(f"{self.name}: colour_order must be RGB or BGR on the model card.")
        if not all(math.isfinite(value) for value in (*self.mean, *self.std)):
            raise ModelError(f"{self.name}: mean and std must be numbers on the model card.")
        if min(self.std) <= 0:
            raise ModelError(f"{self.name}: std must be positive on the model card.")
        if not (8 <= self.width_px <= _MAX_SIDE_PX and 8 <= self.height_px <= _MAX_SIDE_PX):
            raise ModelError(f"{self.name}: the input size on the model card is not plausible.")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ModelError(f"{self.name}: sha256 on the model card is not a SHA-256 digest.")
        if self.role is Role.EMBEDDER and not 1 <= self.embedding_size <= _MAX_EMBEDDING_SIZE:
            raise ModelError(f"{self.name}: embedding_size on the model card is not plausible.")
        if not 0 < self.min_live < 1:
            raise ModelError(f"{self.name}: min_live on the model card must lie between 0 and 1.")
        if not 1.2 <= self.region_factor <= 8:
            raise ModelError(f"{self.name}: region_factor on the model card is not plausible.")
        if self.knows not in _KNOWS:
            raise ModelError(f"{self.name}: knows on the model card must be {' or '.join(_KNOWS)}.")
        if self.target not in _TARGETS:
            known = ", ".join(_TARGETS)
            raise ModelError(f"{self.name}: target {self.target!r} is unknown; known are {known}.")
        if not 0 <= self.size_bytes <= _MAX_BYTES:
            raise ModelError(f"{self.name}: bytes on the model card is not plausible.")
        if self.cut_heads and self.role is not Role.DETECTOR:
            raise ModelError(f"{self.name}: cut_heads is for detectors only.")


def parse_cards(name: str, values: dict[str, Any]) -> tuple[ModelCard, ...]:
    """Make the cards of one network from its table of a manifest, one for each of its files.

    The table itself may name a file; ``[[NAME.files]]`` name others, converted for other targets
    or precisions, and share everything they do not say. Raises ModelError naming what is wrong.
    """
    if not isinstance(values, dict):
        raise ModelError(f"The manifest's entry {name} is not a table: write [{name}] before it.")
    shared = {key: value for key, value in values.items() if key != "files"}
    others = values.get("files", [])
    if not isinstance(others, list) or not all(isinstance(other, dict) for other in others):
        raise ModelError(f"The files of {name} are not tables: write [[{name}.files]] before each.")
    tables = [shared] if "file" in shared or not others else []
    common = {key: value for key, value in shared.items() if key not in _OF_A_FILE}
    for other in others:
        if unknown := sorted(set(other) - _OF_A_FILE):
            raise ModelError(f"A file of {name} has the unknown key {unknown[0]}.")
        version = {"version": shared["version"]} if "version" in shared else {}
        tables.append({**common, **version, **other})
    return tuple(parse_card(name, table) for table in tables)


def parse_card(name: str, values: dict[str, Any]) -> ModelCard:
    """Make the card of one file from a flat table. Raises ModelError naming what is wrong."""
    if not isinstance(values, dict):
        raise ModelError(f"The manifest's entry {name} is not a table: write [{name}] before it.")
    try:
        return ModelCard(
            name=name,
            version=str(values["version"]),
            role=Role(values["role"]),
            architecture=str(values["architecture"]),
            file=str(values["file"]),
            sha256=str(values["sha256"]).lower(),
            precision=str(values["precision"]),
            width_px=_whole(values["width_px"]),
            height_px=_whole(values["height_px"]),
            colour_order=str(values["colour_order"]),
            mean=_triple(values["mean"]),
            std=_triple(values["std"]),
            embedding_size=_whole(values.get("embedding_size", 0)),
            min_live=float(values.get("min_live", 0.5)),
            region_factor=float(values.get("region_factor", 2.0)),
            knows=str(values.get("knows", "people")),
            licence=str(values.get("licence", "")),
            upstream=str(values.get("upstream", "")),
            target=str(values.get("target", ONNX)),
            size_bytes=_whole(values.get("bytes", 0)),
            cut_heads=_truth(values.get("cut_heads", False)),
        )
    except KeyError as error:
        raise ModelError(f"The card of {name} lacks {error}.") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"The card of {name} cannot be read: {error}.") from error


def _truth(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _triple(values: Any) -> tuple[float, float, float]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} is not a list of three numbers")
    first, second, third = (float(value) for value in values)
    return first, second, third
