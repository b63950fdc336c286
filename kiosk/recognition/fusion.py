"""What the frames of one visit show together is surer than any one of them.

Embeddings of frames in a row are averaged, better conditions counting more. A frame that shows
somebody else, by its place or by its likeness, begins anew: identity must not change in a visit.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from kiosk.domain import Box
from kiosk.movement import has_jumped
from kiosk.recognition.gallery import Prepared

_NS = 1_000_000_000
_WINDOW_NS = 2 * _NS
_MAX_FRAMES = 20
_RISK_SCALE = 0.03
"""A face riskier by this counts e times less."""
_MIN_LIKENESS = 0.25
"""Two frames of one person a moment apart are more alike than this; strangers are not."""

_MIN_LENGTH = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    at_ns: int
    probe: Prepared


class VisitFusion:
    """Averages the prepared probes of one visit."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the visit."""
        self._parts: deque[_Part] = deque(maxlen=_MAX_FRAMES)
        self._box: Box | None = None

    def add(self, probe: Prepared, box: Box, at_ns: int) -> Prepared:
        """Take the probe of a frame, and return what the visit shows so far."""
        if self._parts and (
            at_ns - self._parts[-1].at_ns > _WINDOW_NS or self._is_somebody_else(probe, box, at_ns)
        ):
            self.reset()
        self._box = box
        self._parts.append(_Part(at_ns, probe))
        while at_ns - self._parts[0].at_ns > _WINDOW_NS:
            self._parts.popleft()
        parts = [part.probe for part in self._parts if part.probe.is_masked == probe.is_masked]
        if len(parts) == 1:
            return probe
        least = min(part.risk for part in parts)
        weights = [math.exp((least - part.risk) / _RISK_SCALE) for part in parts]
        total = np.sum([w * part.vector for w, part in zip(weights, parts, strict=True)], axis=0)
        length = float(np.linalg.norm(total))
        if length < _MIN_LENGTH:
            return probe
        risk = math.fsum(w * part.risk for w, part in zip(weights, parts, strict=True))
        return Prepared(
            (total / length).astype(np.float32), risk / math.fsum(weights), probe.is_masked
        )

    def _is_somebody_else(self, probe: Prepared, box: Box, at_ns: int) -> bool:
        last = self._parts[-1]
        seconds = (at_ns - last.at_ns) / _NS
        if self._box is not None and has_jumped(self._box, box, seconds):
            return True
        # A mask that is put on changes a face more than a stranger does: like goes with like.
        alike = [part.probe for part in self._parts if part.probe.is_masked == probe.is_masked]
        return bool(alike) and float(alike[-1].vector @ probe.vector) < _MIN_LIKENESS
