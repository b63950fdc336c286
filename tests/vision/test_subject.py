"""Who of several people is meant."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import Box, Detection, Frame
from kiosk.vision.subject import choose_subject, prominence

FRAME = Frame(np.zeros((480, 640, 3), np.uint8), 0)
MakeDetection = Callable[..., Detection]


def square(make_detection: MakeDetection, x: float, y: float, side: float) -> Detection:
    half = side / 2
    return make_detection(x - half, y - half, x + half, y + half)


def test_nobody_is_nobody() -> None:
    assert choose_subject(FRAME, []) == (None, 0.0)


def test_one_person_has_no_rival(make_detection: MakeDetection) -> None:
    face = square(make_detection, 600, 20, 30)

    assert choose_subject(FRAME, [face]) == (face, 0.0)


def test_the_larger_of_two_in_the_same_place_is_the_subject(make_detection: MakeDetection) -> None:
    near, far = square(make_detection, 320, 240, 200), square(make_detection, 320, 240, 50)

    for faces in ([near, far], [far, near]):
        subject, rival = choose_subject(FRAME, faces)
        assert subject is near
        assert rival == pytest.approx(0.25)


def test_the_central_of_two_alike_is_the_subject(make_detection: MakeDetection) -> None:
    middle, edge = square(make_detection, 330, 240, 120), square(make_detection, 580, 240, 120)

    subject, rival = choose_subject(FRAME, [edge, middle])

    assert subject is middle
    assert rival < 0.5


def test_a_passer_by_at_the_edge_does_not_hold_up_the_person_at_the_door(
    make_detection: MakeDetection,
) -> None:
    visitor, passer = square(make_detection, 320, 250, 150), square(make_detection, 40, 200, 150)

    subject, rival = choose_subject(FRAME, [passer, visitor])

    assert subject is visitor
    assert rival < 0.6


def test_two_people_side_by_side_are_rivals(make_detection: MakeDetection) -> None:
    left, right = square(make_detection, 240, 240, 120), square(make_detection, 400, 240, 118)

    assert choose_subject(FRAME, [left, right])[1] > 0.9


def test_the_second_of_three_is_the_rival(make_detection: MakeDetection) -> None:
    faces = [square(make_detection, 320, 240, side) for side in (40, 100, 80)]

    assert choose_subject(FRAME, faces)[1] == pytest.approx(0.8)


_FACES = st.lists(
    st.tuples(st.floats(-300, 900), st.floats(-300, 900), st.floats(0, 700)), min_size=1, max_size=5
)


@settings(deadline=None)
@given(_FACES)
def test_the_rival_is_a_share_and_the_order_does_not_matter(
    faces: list[tuple[float, float, float]],
) -> None:
    made = [
        Detection(Box(x, y, x + side, y + side), np.zeros((5, 2), np.float32), 0.9)
        for x, y, side in faces
    ]

    subject, rival = choose_subject(FRAME, made)
    other, other_rival = choose_subject(FRAME, made[::-1])

    assert subject is not None
    assert other is not None
    assert 0 <= rival <= 1
    assert rival == other_rival
    assert prominence(FRAME, subject) == prominence(FRAME, other)
    assert prominence(FRAME, subject) == max(prominence(FRAME, face) for face in made)
