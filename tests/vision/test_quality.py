"""The quality gate: each limit has its instruction, in the order of a person's attention."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from kiosk.domain import Box, Conditions, Detection, Frame, Guidance, HeadPose
from kiosk.vision.quality import DOOR, ENROLMENT, GateLimits, check_quality

FRAME = Frame(np.zeros((480, 640, 3), np.uint8), 0)
GOOD = Conditions(
    eye_distance_px=80,
    luminance=130,
    contrast=40,
    clipped_fraction=0.0,
    side_light=0.1,
    noise=1.0,
    sharpness=1.0,
    inside_fraction=1.0,
)
LIMITS = GateLimits(
    min_eye_distance_px=26,
    max_yaw_deg=50,
    max_pitch_deg=38,
    max_roll_deg=40,
    min_luminance=40,
    max_luminance=235,
    min_contrast=10,
    max_clipped_fraction=0.35,
    max_side_light=0.65,
    max_top_light=0.6,
    min_sharpness=0.4,
    min_inside_fraction=0.8,
    max_covered=0.8,
    max_rival=0.75,
)
GATES = pytest.mark.parametrize("limits", [DOOR, ENROLMENT, LIMITS], ids=["door", "enrol", "test"])


def judge(
    limits: GateLimits,
    rival: float = 0.0,
    width: float = 200,
    yaw: float = 0,
    pitch: float = 0,
    roll: float = 0,
    **changes: float,
) -> Guidance | None:
    face = Detection(Box(200, 100, 200 + width, 340), np.zeros((5, 2), np.float32), 0.9)
    conditions = dataclasses.replace(GOOD, **changes)
    return check_quality(limits, FRAME, face, rival, HeadPose(yaw, pitch, roll), conditions)


@GATES
def test_a_good_face_passes(limits: GateLimits) -> None:
    assert judge(limits) is None


# What is wrong, by how much it may be (as a limit's name), and what to say.
FAULTS: list[tuple[str, str, float, Guidance, dict[str, Any]]] = [
    ("rival", "max_rival", 1, Guidance.ONE_AT_A_TIME, {}),
    ("inside_fraction", "min_inside_fraction", -1, Guidance.MOVE_INTO_VIEW, {"width": 448}),
    ("inside_fraction", "min_inside_fraction", -1, Guidance.STEP_BACK, {"width": 449}),
    ("eye_distance_px", "min_eye_distance_px", -1, Guidance.STEP_CLOSER, {}),
    ("yaw", "max_yaw_deg", 1, Guidance.LOOK_AT_CAMERA, {}),
    ("pitch", "max_pitch_deg", 1, Guidance.LOOK_AT_CAMERA, {}),
    ("roll", "max_roll_deg", 1, Guidance.HEAD_UPRIGHT, {}),
    ("luminance", "min_luminance", -1, Guidance.MORE_LIGHT, {}),
    ("luminance", "max_luminance", 1, Guidance.LESS_LIGHT, {}),
    ("clipped_fraction", "max_clipped_fraction", 1, Guidance.LESS_LIGHT, {}),
    ("side_light", "max_side_light", 1, Guidance.EVEN_LIGHT, {}),
    ("top_light", "max_top_light", 1, Guidance.EVEN_LIGHT, {}),
    ("top_light", "max_top_light", 1, Guidance.EVEN_LIGHT, {}),
    ("contrast", "min_contrast", -1, Guidance.MORE_LIGHT, {}),
    ("sharpness", "min_sharpness", -1, Guidance.HOLD_STILL, {}),
    ("mouth_covered", "max_covered", 1, Guidance.UNCOVER_FACE, {}),
    ("eyes_covered", "max_covered", 1, Guidance.UNCOVER_FACE, {}),
    ("side_covered", "max_covered", 1, Guidance.UNCOVER_FACE, {}),
]


@GATES
@pytest.mark.parametrize(("name", "limit", "side", "guidance", "rest"), FAULTS)
def test_beyond_its_limit_each_fault_has_its_instruction(
    limits: GateLimits, name: str, limit: str, side: float, guidance: Guidance, rest: dict[str, Any]
) -> None:
    value = getattr(limits, limit)

    assert judge(limits, **{name: value}, **rest) is None
    assert judge(limits, **{name: value + side * 1e-6}, **rest) is guidance


@GATES
@pytest.mark.parametrize(
    ("name", "limit"),
    [("yaw", "max_yaw_deg"), ("pitch", "max_pitch_deg"), ("roll", "max_roll_deg")],
)
def test_turning_the_other_way_counts_the_same(limits: GateLimits, name: str, limit: str) -> None:
    value = getattr(limits, limit)

    assert judge(limits, **{name: -value}) is None
    assert judge(limits, **{name: -value - 1e-6}) is not None


def test_the_first_thing_to_do_is_said_first() -> None:
    """All faults at once; they are mended one by one in the order of the instructions."""
    faults: list[tuple[dict[str, float], Guidance]] = [
        ({"rival": 0.9}, Guidance.ONE_AT_A_TIME),
        ({"inside_fraction": 0.1}, Guidance.MOVE_INTO_VIEW),
        ({"eye_distance_px": 5}, Guidance.STEP_CLOSER),
        ({"yaw": 80}, Guidance.LOOK_AT_CAMERA),
        ({"roll": 80}, Guidance.HEAD_UPRIGHT),
        ({"luminance": 5}, Guidance.MORE_LIGHT),
        ({"clipped_fraction": 0.9}, Guidance.LESS_LIGHT),
        ({"side_light": 0.9}, Guidance.EVEN_LIGHT),
        ({"contrast": 1}, Guidance.MORE_LIGHT),
        ({"sharpness": 0.01}, Guidance.HOLD_STILL),
    ]
    for index, (_, guidance) in enumerate(faults):
        remaining = {name: value for fault, _ in faults[index:] for name, value in fault.items()}
        assert judge(LIMITS, **remaining) is guidance


def test_every_instruction_can_come_up() -> None:
    # The others are the pipeline's: the gate is asked about faces, and not whether they live.
    of_the_pipeline = {
        Guidance.NO_FACE,
        Guidance.PRESENTATION,
        Guidance.TURN_LEFT,
        Guidance.TURN_RIGHT,
        Guidance.LOOK_BACK,
    }
    assert {fault[3] for fault in FAULTS} == set(Guidance) - of_the_pipeline


def test_enrolment_is_nowhere_laxer_than_the_door() -> None:
    for field in dataclasses.fields(GateLimits):
        door, enrolment = getattr(DOOR, field.name), getattr(ENROLMENT, field.name)
        if field.name.startswith("min_"):
            assert enrolment >= door
        else:
            assert enrolment <= door
