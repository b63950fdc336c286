"""What a .rknn file says about itself, read before the vendor's library sees it.

The library's Python wrapper accepts any bytes and fails later with a bare -1. Layout of the files
that rknn-toolkit2 writes, as found in them: ``RKNN``, at byte 8 the format's version and at byte
16 the length of the network as 64-bit little-endian numbers; the network from byte 64 on; behind
it another such length and a JSON description.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.errors import ModelError

_MAGIC = b"RKNN"
_HEADER_BYTES = 64
_MAX_DESCRIPTION_BYTES = 16 * 1024**2


@dataclass(frozen=True, slots=True)
class RknnFile:
    """The description in a converted network."""

    targets: tuple[str, ...]
    """The chips it was made for, in small letters."""
    toolkit: str
    """The version of the converter."""
    inputs: tuple[tuple[int, ...], ...]
    """Shapes as the converter writes them, NCHW, batch included; likewise ``outputs``."""
    outputs: tuple[tuple[int, ...], ...]


def read_rknn(path: Path) -> RknnFile:
    """Read the description. Raises ModelError when the file is none, or is cut off."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
            if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
                raise ModelError(f"{path.name} is not a network converted for a Rockchip NPU.")
            (length,) = struct.unpack_from("<Q", header, 16)
            file.seek(min(_HEADER_BYTES + length, path.stat().st_size))
            (size,) = struct.unpack("<Q", _exactly(file.read(8), 8))
            tree = json.loads(_exactly(file.read(min(size, _MAX_DESCRIPTION_BYTES)), size))
        return _described(tree)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    except (struct.error, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise ModelError(
            f"{path.name} is cut off or damaged: copy it again, or convert the network again."
        ) from error


def _exactly(block: bytes, size: int) -> bytes:
    if len(block) != size:
        raise ValueError("cut off")
    return block


def _described(tree: Any) -> RknnFile:
    sizes = {tensor["tensor_id"]: _shape(tensor["size"]) for tensor in tree["norm_tensor"]}
    ends: dict[str, list[tuple[int, ...]]] = {"input": [], "output": []}
    for edge in tree["graph"]:
        if edge["right"] == "norm_tensor":
            ends[edge["left"]].append(sizes[edge["right_tensor_id"]])
    return RknnFile(
        tuple(str(name).lower() for name in tree["target_platform"]),
        str(tree["version"]).split("(")[0].strip(),
        tuple(ends["input"]),
        tuple(ends["output"]),
    )


def _shape(values: Any) -> tuple[int, ...]:
    shape = tuple(int(value) for value in values)
    if not shape or min(shape) < 1:
        raise ValueError(f"{values!r} is no shape")
    return shape
