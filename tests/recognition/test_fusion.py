"""What the frames of a visit show together: averaged while it is one face, and only then."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.domain import Box
from kiosk.recognition.fusion import VisitFusion
from kiosk.recognition.gallery import Prepared

HERE = Box(200, 100, 300, 220)
STEP_NS = 66_000_000


def probe(*values: float, risk: float = 0.0, is_masked: bool = False) -> Prepared:
    vector = np.array(values, np.float64)
    return Prepared((vector / np.linalg.norm(vector)).astype(np.float32), risk, is_masked)


def moved(box: Box, x: float) -> Box:
    return Box(box.left + x, box.top, box.right + x, box.bottom)


def test_one_frame_is_itself() -> None:
    first = probe(1, 0)

    assert VisitFusion().add(first, HERE, 0) is first


def test_frames_are_averaged() -> None:
    fusion = VisitFusion()
    fusion.add(probe(1, 0.5), HERE, 0)

    fused = fusion.add(probe(1, -0.5), HERE, STEP_NS)

    assert fused.vector == pytest.approx([1, 0], abs=1e-6)
    assert fused.vector.dtype == np.float32


def test_chance_is_averaged_out() -> None:
    rng = np.random.default_rng(3)
    person, fusion = rng.normal(size=64), VisitFusion()
    person /= np.linalg.norm(person)
    own, together = [], []

    for frame in range(10):
        seen = probe(*(person + rng.normal(0, 0.1, 64)))
        own.append(float(seen.vector @ person))
        together.append(float(fusion.add(seen, HERE, frame * STEP_NS).vector @ person))

    assert together[-1] > 0.95
    assert max(own) < 0.85


def test_the_better_frame_counts_more() -> None:
    fusion = VisitFusion()
    fusion.add(probe(1, 0, risk=0.0), HERE, 0)

    fused = fusion.add(probe(0.6, 0.8, risk=0.03), HERE, STEP_NS)

    weights = np.array([1, math.exp(-1)])
    mean = weights @ np.array([[1, 0], [0.6, 0.8]])
    assert fused.vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-6)
    assert fused.risk == pytest.approx(0.03 * math.exp(-1) / (1 + math.exp(-1)))


@pytest.mark.parametrize(
    ("second", "box", "at_ns"),
    [
        pytest.param(probe(0.95, 0.3), moved(HERE, 130), STEP_NS, id="the face has jumped"),
        pytest.param(probe(0.2, 0.98), HERE, STEP_NS, id="another face"),
        pytest.param(probe(-1, 0.1), HERE, STEP_NS, id="the opposite"),
        pytest.param(probe(0.95, 0.3), HERE, 2_000_000_001, id="two seconds later"),
    ],
)
def test_what_may_be_somebody_else_begins_anew(second: Prepared, box: Box, at_ns: int) -> None:
    fusion = VisitFusion()
    fusion.add(probe(1, 0), HERE, 0)

    assert fusion.add(second, box, at_ns) is second
    third = fusion.add(probe(0.7, 0.7), box, at_ns + STEP_NS)
    both = second.vector + probe(0.7, 0.7).vector
    if float(second.vector @ probe(0.7, 0.7).vector) >= 0.25:
        assert third.vector == pytest.approx(both / np.linalg.norm(both), abs=1e-6)


def test_a_face_that_walks_on_stays_the_same() -> None:
    fusion, box = VisitFusion(), HERE
    fusion.add(probe(1, 0.5), box, 0)
    for frame in range(1, 9):
        box = moved(box, 30)
        fused = fusion.add(probe(1, (-0.5) ** (frame % 2)), box, frame * STEP_NS)

    assert fused.vector[0] > 0.9


def test_frames_older_than_two_seconds_are_forgotten_one_by_one() -> None:
    fusion = VisitFusion()
    fusion.add(probe(1, 1), HERE, 0)
    fusion.add(probe(1, 0), HERE, 1_500_000_000)

    with_first = fusion.add(probe(1, 0), HERE, 2_000_000_000)
    without = fusion.add(probe(1, 0), HERE, 2_000_000_001)

    assert with_first.vector[1] > 0.1
    assert without.vector == pytest.approx([1, 0], abs=1e-6)


def test_a_mask_put_on_is_not_mixed_with_the_bare_face() -> None:
    fusion = VisitFusion()
    fusion.add(probe(1, 0), HERE, 0)
    covered = probe(0, 1, is_masked=True)

    # Unlike the face before, but no stranger for that.
    assert fusion.add(covered, HERE, STEP_NS).vector == pytest.approx([0, 1])
    again = fusion.add(probe(0.2, 1, is_masked=True), HERE, 2 * STEP_NS)
    bare = fusion.add(probe(1, 0.2), HERE, 3 * STEP_NS)

    assert again.is_masked
    assert again.vector == pytest.approx(probe(0.1, 1).vector, abs=0.01)
    assert not bare.is_masked
    assert bare.vector == pytest.approx(probe(1, 0.1).vector, abs=0.01)


def test_a_reset_forgets_the_visit() -> None:
    fusion, second = VisitFusion(), probe(0.9, 0.4)
    fusion.add(probe(1, 0), HERE, 0)

    fusion.reset()

    assert fusion.add(second, HERE, STEP_NS) is second


_STEPS = st.tuples(
    st.lists(st.floats(-1, 1), min_size=3, max_size=3).filter(
        lambda values: np.linalg.norm(values) > 1e-3
    ),
    st.floats(0, 1),
    st.booleans(),
    st.floats(0, 400),
    st.integers(1, 3_000_000_000),
)


@settings(deadline=None)
@given(st.lists(_STEPS, min_size=1, max_size=30))
def test_whatever_comes_the_result_is_a_direction_between_risks(
    steps: list[tuple[list[float], float, bool, float, int]],
) -> None:
    fusion, at_ns = VisitFusion(), 0
    risks = []
    for values, risk, is_masked, x, pause_ns in steps:
        at_ns += pause_ns
        risks.append(risk)
        fused = fusion.add(probe(*values, risk=risk, is_masked=is_masked), moved(HERE, x), at_ns)
        assert np.linalg.norm(fused.vector) == pytest.approx(1, abs=1e-4)
        assert min(risks) - 1e-9 <= fused.risk <= max(risks) + 1e-9
        assert fused.is_masked is is_masked
