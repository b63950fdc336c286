"""What is kept about a template's picture comes back exactly, or as unknown."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.domain import Conditions, HeadPose, ModelId, Template, TemplateKind
from kiosk.store.store import Store
from kiosk.store.templates import pack_picture, unpack_picture

MODEL = ModelId("facenet", "1", "fp32")
COUNT = len(dataclasses.fields(Conditions))
Make = Callable[..., Template]

numbers = st.floats(allow_nan=False, allow_infinity=False)
conditions = st.lists(numbers, min_size=COUNT, max_size=COUNT).map(lambda row: Conditions(*row))
poses = st.tuples(numbers, numbers, numbers).map(lambda row: HeadPose(*row))
SOME = Conditions(*(float(index) for index in range(COUNT)))
POSE = HeadPose(1.5, -2.25, 0.0)


@given(st.none() | conditions, st.none() | poses)
def test_a_picture_comes_back_exactly(known: Conditions | None, pose: HeadPose | None) -> None:
    assert unpack_picture(pack_picture(known, pose)) == (known, pose)


def test_numpy_scalars_are_numbers_too() -> None:
    pose = HeadPose(*np.float32([1.5, -2.25, 0]))
    assert unpack_picture(pack_picture(None, pose)) == (None, POSE)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_stored_as_unknown(bad: float) -> None:
    text = pack_picture(dataclasses.replace(SOME, noise=bad), POSE)
    assert unpack_picture(text) == (None, POSE)
    assert pack_picture(None, HeadPose(bad, 0, 0)) == ""


def damaged(**changes: object) -> str:
    fields = {**dataclasses.asdict(SOME), **changes}
    return json.dumps({"conditions": fields, "pose": dataclasses.asdict(POSE)})


@pytest.mark.parametrize("bad", [None, True, "1", [1], {}, float("nan"), float("inf"), 10**400])
def test_one_bad_field_makes_the_whole_unknown_and_nothing_else(bad: object) -> None:
    assert unpack_picture(damaged()) == (SOME, POSE)
    assert unpack_picture(damaged(noise=bad)) == (None, POSE)


def test_a_missing_field_is_not_the_default_of_a_good_picture() -> None:
    for field in dataclasses.fields(Conditions):
        fields = dataclasses.asdict(SOME)
        del fields[field.name]
        assert unpack_picture(json.dumps({"conditions": fields}))[0] is None
    assert unpack_picture(damaged(another=1.0)) == (None, POSE)


@given(st.one_of(st.none(), st.text(), st.binary(), st.integers()))
@example("[" * 100_000)
@example('{"conditions": [], "pose": 3}')
@example("null")
@example("9" * 5000)
def test_garbage_is_unknown(text: object) -> None:
    assert unpack_picture(text) == (None, None)


def test_kind_conditions_and_pose_are_stored(store: Store, make_template: Make) -> None:
    masked = dataclasses.replace(
        make_template(0), kind=TemplateKind.MASKED, conditions=SOME, pose=POSE
    )
    store.people.enrol("Ada", "", None, [masked, make_template(1)], 0)
    found = store.people.templates(MODEL)
    assert found.kinds == (TemplateKind.MASKED, TemplateKind.PLAIN)
    assert found.conditions == (SOME, None)
    assert found.poses == (POSE, None)
    assert len(found) == len(found.vectors) == 2


@pytest.mark.parametrize("damage", ["x'ff00'", "''", "'PLAIN'", "7"])
def test_a_template_of_unknown_kind_is_not_used(
    store: Store, make_template: Make, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    made = [
        dataclasses.replace(make_template(seed), pose=HeadPose(seed, 0, 0)) for seed in range(3)
    ]
    store.people.enrol("Ada", "", None, made, 0)
    store.database.execute(f"UPDATE templates SET kind = {damage} WHERE id = 2")
    with caplog.at_level(logging.ERROR):
        found = store.people.templates(MODEL)
    assert found.poses == (made[0].pose, made[2].pose)
    np.testing.assert_array_equal(found.vectors[1], made[2].embedding.vector)
    assert store.people.damaged_templates == 1


@pytest.mark.parametrize("damage", ["x'ff00'", "'{'", "7", "'{\"conditions\": {}}'"])
def test_a_damaged_picture_leaves_the_template_usable(
    store: Store, make_template: Make, damage: str
) -> None:
    store.people.enrol("Ada", "", None, [dataclasses.replace(make_template(), pose=POSE)], 0)
    store.database.execute(f"UPDATE templates SET picture = {damage}")
    found = store.people.templates(MODEL)
    assert (len(found), found.conditions, found.poses) == (1, (None,), (None,))
