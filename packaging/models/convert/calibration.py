"""The calibration set: what the program feeds its networks while it looks at frames."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convert.networks import Networks, Recorder, assembled
from convert.pictures import Picture, spread
from convert.recipes import Recipe
from kiosk.domain import Pixels
from kiosk.models.card import Role
from kiosk.models.runtime import Runtime
from kiosk.vision.alignment import align
from kiosk.vision.quality import DOOR


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationSet:
    """Inputs by role, in the order in which they were seen, and where they come from."""

    inputs: dict[Role, list[Pixels]]
    source: str

    def pictures(self, role: Role, recipe: Recipe) -> list[Pixels]:
        """Return as many inputs as a recipe asks for, or all when they are fewer."""
        return spread(self.inputs[role], recipe.pictures) if recipe.pictures else []


def collect(
    runtimes: dict[Role, Runtime], pictures: Sequence[Picture], source: str
) -> CalibrationSet:
    """Let the networks look at frames, and keep what they were fed."""
    recorders = {role: Recorder(runtime) for role, runtime in runtimes.items()}
    networks = assembled(dict(recorders))
    for picture in pictures:
        look(networks, picture)
    return CalibrationSet({role: each.fed for role, each in recorders.items()}, source)


def look(networks: Networks, picture: Picture) -> None:
    """Do with every face that is near enough what the kiosk does with its subject."""
    frame = picture.frame
    for face in networks.detector.detect(frame):
        eye_px = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
        if eye_px < DOOR.min_eye_distance_px:
            continue
        try:
            networks.embedder.embed(align(frame, face, networks.embedder.chip_size_px))
            if networks.liveness is not None:
                networks.liveness.judge(frame, face)
            if networks.head_pose is not None:
                networks.head_pose.estimate(frame, face)
        except ValueError:
            continue  # landmarks or a box that are no face: the kiosk leaves them out, too


def version_of(version: str, recipe: Recipe, pictures: Sequence[Pixels]) -> str:
    """Return the version of an 8-bit conversion: the network's, recipe and calibration set.

    Templates of two conversions must not be compared, so they must not have the same name.
    """
    digest = hashlib.sha256(recipe.fingerprint().encode())
    for picture in pictures:
        digest.update(np.ascontiguousarray(picture).tobytes())
    return f"{version}+{digest.hexdigest()[:8]}"
