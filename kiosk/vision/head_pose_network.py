"""Head pose by a network of its own: eyes, nose and three angles from a small picture of a head.

The kiosk's decisions use the pose from the detector's landmarks (:mod:`kiosk.vision.head_pose`),
which costs nothing. This network is asked where a second opinion is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Detection, Frame, HeadPose
from kiosk.errors import ModelError
from kiosk.models.runtime import Runtime
from kiosk.vision.squarecrop import crop_square

CROP_FACTOR = 1.25
"""Side of the square the network sees, in longer sides of the face box."""
DEGREES = 90.0
"""The network's unit of an angle."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadPoseEstimate:
    """``points`` (3, 2), float32, frame pixels: eye on the left of the picture, right eye, nose."""

    pose: HeadPose
    points: NDArray[np.float32]


class HeadPoseNetwork:
    """Wraps one network of the architecture ``headpose64``."""

    def __init__(self, runtime: Runtime) -> None:
        """Raises ModelError when the card's input is not square."""
        card = runtime.card
        if card.width_px != card.height_px:
            raise ModelError(
                f"{card.name}: the head-pose network sees squares, its card says none."
            )
        self._runtime = runtime
        self._size_px = card.width_px

    def estimate(self, frame: Frame, detection: Detection) -> HeadPoseEstimate:
        """Return pose and points of the head that was detected in ``frame``.

        The network gives nine values: x, y of left eye, right eye and nose as fractions of the
        square, then yaw, pitch and roll in units of 90°, signs as in domain.HeadPose. Raises
        ModelError when it does not, and ValueError when the detection's box is none.
        """
        crop = crop_square(frame.pixels, detection.box, CROP_FACTOR, self._size_px)
        values = self._runtime.infer(crop.pixels)[0].astype(np.float32).ravel()
        if values.size != 9:
            raise ModelError(f"{self._runtime.card.name} gave {values.size} values, not 9.")
        yaw_deg, pitch_deg, roll_deg = (values[6:] * np.float32(DEGREES)).tolist()
        points = crop.to_frame(values[:6].reshape(3, 2))
        return HeadPoseEstimate(HeadPose(yaw_deg, pitch_deg, roll_deg), points)
