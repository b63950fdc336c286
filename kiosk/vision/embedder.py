"""FaceNet-type embedder: a face chip becomes a unit vector."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Embedding, Pixels
from kiosk.errors import ModelError
from kiosk.models.runtime import Runtime

_MIN_NORM = 1e-6


class FaceEmbedder:
    """Wraps one embedding network."""

    def __init__(self, runtime: Runtime) -> None:
        card = runtime.card
        if card.width_px != card.height_px:
            raise ModelError(f"{card.name}: face chips are square, the card says otherwise.")
        self._runtime = runtime
        self.chip_size_px = card.width_px
        self.embedding_size = card.embedding_size
        self.model = card.id

    def embed(self, chip: Pixels) -> Embedding:
        """Return the embedding of a chip (chip_size_px, chip_size_px, 3) uint8 BGR.

        Raises ModelError when the network's answer has the wrong size or no direction.
        """
        vector, length = self._direction(chip)
        return self._embedding(vector, length)

    def embed_mirrored(self, *chips: Pixels) -> Embedding:
        """Return the mean embedding of chips of one face and of their mirror images.

        What differs between a face and its mirror image, or between crops a few pixels apart, is no
        trait of the person. Raises ModelError as :meth:`embed` does.
        """
        found = [self._direction(each) for chip in chips for each in (chip, cv2.flip(chip, 1))]
        return self._mean(found)

    def _direction(self, chip: Pixels) -> tuple[NDArray[np.float64], float]:
        # Squares of large values do not fit into 32 bits.
        answer = self._runtime.infer(chip)[0].astype(np.float64).ravel()
        expected = self._runtime.card.embedding_size
        if answer.size != expected:
            raise ModelError(
                f"{self.model.name} gave {answer.size} values, its card says {expected}."
            )
        norm = float(np.linalg.norm(answer))
        if not _MIN_NORM < norm < math.inf:
            raise ModelError(f"{self.model.name} gave an embedding without a direction.")
        return answer / norm, norm

    def _mean(self, found: Sequence[tuple[NDArray[np.float64], float]]) -> Embedding:
        total = np.sum([vector for vector, _ in found], axis=0)
        norm = float(np.linalg.norm(total))
        if not norm > _MIN_NORM:
            raise ModelError(f"{self.model.name} gave an embedding without a direction.")
        length = math.fsum(length for _, length in found) / len(found)
        return self._embedding(total / norm, length)

    def _embedding(self, vector: NDArray[np.float64], length: float) -> Embedding:
        unit = vector.astype(np.float32)
        unit.flags.writeable = False
        return Embedding(unit, self.model, length)
