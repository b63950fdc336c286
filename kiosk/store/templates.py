"""Templates as they come out of the store, and what is kept about their pictures.

Conditions and pose are one JSON text: ``{"conditions": {…} or null, "pose": {…} or null}`` with
every field by its name. Whatever is not exactly that, with finite numbers, is read as None: an
unknown picture may have been the worst one.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Conditions, HeadPose, TemplateKind

T = TypeVar("T", Conditions, HeadPose)


@dataclass(frozen=True, slots=True, eq=False)
class StoredTemplates:
    """The templates of one model: N rows, in the same order in every field."""

    person_ids: NDArray[np.int64]
    """Shape (N,)."""
    vectors: NDArray[np.float32]
    """Shape (N, D), rows of unit length; D is 0 when there are none."""
    kinds: tuple[TemplateKind, ...]
    conditions: tuple[Conditions | None, ...]
    poses: tuple[HeadPose | None, ...]

    def __len__(self) -> int:
        """Return the number of templates."""
        return len(self.person_ids)


def pack_picture(conditions: Conditions | None, pose: HeadPose | None) -> str:
    """Return the text to store; empty when nothing is known. What is not finite is not known."""
    known = {"conditions": _fields(conditions), "pose": _fields(pose)}
    return json.dumps(known) if any(known.values()) else ""


def unpack_picture(text: object) -> tuple[Conditions | None, HeadPose | None]:
    """Read a stored text; what is missing or damaged is None. Never raises."""
    if not isinstance(text, str) or not text:
        return None, None
    try:
        known = json.loads(text)
    except (ValueError, RecursionError):
        return None, None
    if not isinstance(known, dict):
        return None, None
    return _read(Conditions, known.get("conditions")), _read(HeadPose, known.get("pose"))


def _fields(value: Conditions | HeadPose | None) -> dict[str, float] | None:
    if value is None:
        return None
    # Measures may be numpy scalars, which JSON does not know.
    fields = {name: float(number) for name, number in dataclasses.asdict(value).items()}
    return fields if all(map(math.isfinite, fields.values())) else None


def _read(kind: type[T], fields: Any) -> T | None:
    names = {field.name for field in dataclasses.fields(kind)}
    # A field that is missing must not become the default of a good picture.
    if not isinstance(fields, dict) or set(fields) != names:
        return None
    numbers: dict[str, float] = {}
    for name, value in fields.items():
        number = _finite(value)
        if number is None:
            return None
        numbers[name] = number
    return kind(**numbers)


def _finite(value: object) -> float | None:
    if type(value) not in (int, float):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
