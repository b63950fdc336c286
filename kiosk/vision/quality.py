"""The quality gate: is this picture of a face good enough to be trusted, and if not, what helps.

Two strangers in the dark, in a blur or in profile look alike to an embedder, so such frames are
refused instead of being judged by a number that means nothing. Enrolment is stricter than the
door: a bad template is an open door for everyone, for years.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from kiosk.domain import Conditions, Detection, Frame, Guidance, HeadPose


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What a face must keep to; units as in domain.Conditions and domain.HeadPose."""

    min_eye_distance_px: float
    max_yaw_deg: float
    max_pitch_deg: float
    max_roll_deg: float
    min_luminance: float
    max_luminance: float
    min_contrast: float
    max_clipped_fraction: float
    max_side_light: float
    max_top_light: float
    min_sharpness: float
    min_inside_fraction: float
    max_covered: float
    """Largest score of a covered mouth, of covered eyes and of a covered side."""
    max_rival: float
    """Largest prominence of a second face relative to the subject's."""


# Luminance and sharpness at enrolment: on press photographs a face is darker than 63 once in a
# thousand and less sharp than 0.43 once in a hundred; the same photographs at a quarter of the
# light stay under 52, out of focus by three pixels under 0.36 (see BENCHMARKS.md for the tables).
# The door is laxer: what a face there may be recognised by is measured for its conditions, and
# refused where no useful threshold exists (kiosk.recognition.thresholds).
DOOR = GateLimits(
    min_eye_distance_px=26,
    # Of the three-quarter views measured none comes out above 50.2°, no profile below 70°.
    max_yaw_deg=52,
    max_pitch_deg=38,
    max_roll_deg=40,
    min_luminance=8,
    max_luminance=250,
    min_contrast=2.5,
    max_clipped_fraction=0.85,
    max_side_light=0.75,
    max_top_light=1.0,
    min_sharpness=0.15,
    min_inside_fraction=0.80,
    # Masks have thresholds of their own, glasses and the like raise them.
    max_covered=1.0,
    max_rival=0.75,
)
# The embedded networks' landmarks hardly turn beyond 50°, however far a drawn head does.
DRAWN_DOOR = dataclasses.replace(DOOR, max_yaw_deg=44)
ENROLMENT = GateLimits(
    min_eye_distance_px=30,
    max_yaw_deg=46,
    max_pitch_deg=35,
    max_roll_deg=30,
    min_luminance=55,
    max_luminance=225,
    min_contrast=12,
    max_clipped_fraction=0.15,
    max_side_light=0.35,
    max_top_light=0.3,
    min_sharpness=0.45,
    min_inside_fraction=0.90,
    # Of 100 uncovered faces about one scores 0.65.
    max_covered=0.8,
    max_rival=0.60,
)
# A face that fills more of the picture's width than this is cut off because it is too near.
_TOO_NEAR_FRACTION = 0.7


def check_quality(
    limits: GateLimits,
    frame: Frame,
    face: Detection,
    rival: float,
    pose: HeadPose,
    conditions: Conditions,
) -> Guidance | None:
    """Return what the person should do first, or None when the face may be used.

    The order is that of a person's attention: where to stand, where to look, then light and
    stillness, which only mean something once the face is in place.
    """
    if rival > limits.max_rival:
        return Guidance.ONE_AT_A_TIME
    if conditions.inside_fraction < limits.min_inside_fraction:
        near = face.box.width > _TOO_NEAR_FRACTION * frame.width_px
        return Guidance.STEP_BACK if near else Guidance.MOVE_INTO_VIEW
    return check_face(limits, pose, conditions)


def check_face(limits: GateLimits, pose: HeadPose, conditions: Conditions) -> Guidance | None:
    """Return what is to be done about a face that is wholly in the picture and alone in it."""
    if conditions.eye_distance_px < limits.min_eye_distance_px:
        return Guidance.STEP_CLOSER
    if abs(pose.yaw_deg) > limits.max_yaw_deg or abs(pose.pitch_deg) > limits.max_pitch_deg:
        return Guidance.LOOK_AT_CAMERA
    if abs(pose.roll_deg) > limits.max_roll_deg:
        return Guidance.HEAD_UPRIGHT
    covered = max(conditions.mouth_covered, conditions.eyes_covered, conditions.side_covered)
    if covered > limits.max_covered:
        return Guidance.UNCOVER_FACE
    return _check_light(limits, conditions)


def _check_light(limits: GateLimits, conditions: Conditions) -> Guidance | None:
    if conditions.luminance < limits.min_luminance:
        return Guidance.MORE_LIGHT
    if (
        conditions.luminance > limits.max_luminance
        or conditions.clipped_fraction > limits.max_clipped_fraction
    ):
        return Guidance.LESS_LIGHT
    if (
        conditions.side_light > limits.max_side_light
        or abs(conditions.top_light) > limits.max_top_light
    ):
        return Guidance.EVEN_LIGHT
    if conditions.contrast < limits.min_contrast:
        return Guidance.MORE_LIGHT
    if conditions.sharpness < limits.min_sharpness:
        return Guidance.HOLD_STILL
    return None
