"""FaceNet-type embedder: a face chip becomes a unit vector."""

from __future__ import annotations

import math

import cv2
import numpy as np

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
        vector = (answer / norm).astype(np.float32)
        vector.flags.writeable = False
        return Embedding(vector, self.model)

    def embed_for_enrolment(self, chip: Pixels) -> Embedding:
        """Return the mean of a chip's embedding and its mirror image's, made unit length.

        A template is made once and compared for years, so it may cost two runs.
        """
        both = self.embed(chip).vector + self.embed(cv2.flip(chip, 1)).vector
        vector = both / np.float32(max(float(np.linalg.norm(both)), _MIN_NORM))
        vector.flags.writeable = False
        return Embedding(vector, self.model)
