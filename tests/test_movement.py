"""How far a face can move between two frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import Box
from kiosk.movement import has_jumped

FACE = Box(200, 100, 300, 220)


def changed(x: float = 0, y: float = 0, scale: float = 1) -> Box:
    centre_x, centre_y = FACE.centre
    half_width, half_height = FACE.width * scale / 2, FACE.height * scale / 2
    return Box(
        centre_x + x - half_width,
        centre_y + y - half_height,
        centre_x + x + half_width,
        centre_y + y + half_height,
    )


@pytest.mark.parametrize(
    ("after", "jumps"),
    [
        (changed(), False),
        (changed(x=99), False),
        (changed(x=-99), False),
        (changed(x=101), True),
        (changed(x=-101), True),
        (changed(y=99), False),
        (changed(y=101), True),
        (changed(scale=1.55), False),
        (changed(scale=1.65), True),
        (changed(scale=1 / 1.55), False),
        (changed(scale=1 / 1.65), True),
    ],
)
@pytest.mark.parametrize("seconds", [0.0, 0.03, 0.3])
def test_at_once_nobody_moves_by_more_than_their_face(
    after: Box, jumps: bool, seconds: float
) -> None:
    assert has_jumped(FACE, after, seconds) is jumps


def test_with_time_a_face_gets_further() -> None:
    assert has_jumped(FACE, changed(x=150), 0.3)
    assert not has_jumped(FACE, changed(x=150), 0.5)
    assert has_jumped(FACE, changed(x=250), 0.5)
    assert not has_jumped(FACE, changed(scale=2.5), 0.5)


_BOXES = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height),
    st.floats(-500, 2000),
    st.floats(-500, 2000),
    st.floats(0, 800),
    st.floats(0, 800),
)


@given(_BOXES, _BOXES, st.floats(0, 10))
def test_it_is_the_same_forwards_and_backwards(one: Box, other: Box, seconds: float) -> None:
    assert has_jumped(one, other, seconds) is has_jumped(other, one, seconds)


@given(_BOXES, _BOXES, st.floats(0, 5), st.floats(0, 5))
def test_more_time_never_makes_it_a_jump(one: Box, other: Box, first: float, more: float) -> None:
    assert has_jumped(one, other, first) or not has_jumped(one, other, first + more)


@given(_BOXES, st.floats(0, 10))
def test_who_stands_still_has_not_jumped(box: Box, seconds: float) -> None:
    assert not has_jumped(box, box, seconds)
