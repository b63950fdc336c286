"""Invented people: the same number is the same person, other numbers are other people."""

from __future__ import annotations

import dataclasses

import pytest

from kiosk.simulator.looks import BeardStyle, HairStyle, Looks, invent


def measures(looks: Looks) -> list[float]:
    """Return every number that is part of somebody's looks."""
    parts = (looks.skull, looks.eyes, looks.brows, looks.nose, looks.mouth, looks.skin)
    values = (getattr(part, field.name) for part in parts for field in dataclasses.fields(part))
    return [value for value in values if isinstance(value, float)]


def test_a_number_is_always_the_same_person() -> None:
    assert invent(42) == invent(42)


def test_no_two_of_thousands_are_alike() -> None:
    people = [tuple(measures(invent(number))) for number in range(3000)]
    assert len(set(people)) == 3000


def test_every_style_of_hair_and_beard_occurs() -> None:
    people = [invent(number) for number in range(400)]
    assert {looks.hair.style for looks in people} == set(HairStyle)
    assert {looks.hair.beard for looks in people} == set(BeardStyle)
    glasses = sum(looks.glasses is not None for looks in people)
    assert 40 < glasses < 160


def test_colours_can_be_shown() -> None:
    for number in range(200):
        looks = invent(number)
        for colour in (looks.skin.colour, looks.hair.colour, looks.eyes.iris, looks.mouth.colour):
            assert all(0 <= channel <= 1 for channel in colour)


def test_a_negative_number_is_nobody() -> None:
    with pytest.raises(ValueError, match="must not be negative: -1"):
        invent(-1)
