"""Invented people whose embeddings behave like those of faces: alike in the dark, above all."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from kiosk.calibrationsample import AS_IS, MASKED, Sample, Samples
from kiosk.conditionfaces import Face
from kiosk.domain import Conditions, Embedding, HeadPose, ModelId

MODEL = ModelId("fake", "1", "fp32")
GOOD = Conditions(45, 130, 45, 0.0, 0.05, 2.0, 0.9, 1.0)
DARK = dataclasses.replace(GOOD, luminance=50, noise=8)
BLURRED = dataclasses.replace(GOOD, sharpness=0.5)
COVERED = dataclasses.replace(GOOD, mouth_covered=0.95)
FRONT = HeadPose(0, 0, 0)
SIZE = 48
# How much of a picture is the person, chance, and what all such pictures share.
_MIXTURES = {
    AS_IS: (GOOD, 1.0, 0.8, 0.0),
    "dark-0.25": (DARK, 1.0, 0.8, 1.6),
    "defocus-2": (BLURRED, 1.0, 0.6, 0.9),
    MASKED: (COVERED, 0.8, 0.6, 0.6),
}


def embedding(
    vector: NDArray[np.floating], conditions: Conditions = GOOD, pose: HeadPose = FRONT
) -> Embedding:
    unit = (vector / np.linalg.norm(vector)).astype(np.float32)
    return Embedding(unit, MODEL, 10.0, conditions, pose)


class Crowd:
    """People with a picture each as often as asked."""

    def __init__(self, people: int, photos: int = 3, seed: int = 5) -> None:
        self._rng = np.random.default_rng(seed)
        self.names = [f"P{number}" for number in range(people)]
        self._photos = photos
        self._traits = {name: _unit(self._rng) for name in self.names}
        # The dark is the same for every crowd.
        nature = np.random.default_rng(0)
        self._shared = {kind: _unit(nature) for kind in _MIXTURES}

    def samples(self) -> Samples:
        """Return what a calibration would have looked at."""
        faces: list[Sample] = []
        for name in self.names:
            for photo in range(self._photos):
                probe = self._look(name, AS_IS)
                template = self._masked(name) if photo == 0 else None
                faces.append(Sample(name, AS_IS, probe, probe, template))
                if photo == 0:
                    faces += [Sample(name, k, self._look(name, k)) for k in _MIXTURES if k != AS_IS]
        return Samples(tuple(faces), len(self.names) * self._photos, 2)

    def faces(self) -> list[Face]:
        """Return the same as faces, all of which pass the gates."""
        faces = []
        photo = 0
        for name in self.names:
            for number in range(self._photos):
                probe = self._look(name, AS_IS)
                faces.append(
                    Face(name, photo, AS_IS, probe, True, probe, self._masked(name), number == 0)
                )
                if number == 0:
                    faces += [
                        Face(name, photo, kind, self._look(name, kind), True)
                        for kind in _MIXTURES
                        if kind != AS_IS
                    ]
                photo += 1
        return faces

    def _look(self, name: str, kind: str) -> Embedding:
        conditions, own, chance, common = _MIXTURES[kind]
        mixed = own * self._traits[name] + chance * _unit(self._rng) + common * self._shared[kind]
        return embedding(mixed, conditions)

    def _masked(self, name: str) -> Embedding:
        return self._look(name, MASKED)


def _unit(rng: np.random.Generator) -> NDArray[np.float64]:
    vector = rng.standard_normal(SIZE)
    return np.asarray(vector / np.linalg.norm(vector))
