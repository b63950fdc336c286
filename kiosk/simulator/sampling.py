"""Draw scenes at random: what networks are trained on and what figures are measured on.

A person is drawn with a few expressions and one mask of his own only, so that a renderer, which
keeps the heads it has modelled, models each of them once.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from kiosk.errors import ConfigError
from kiosk.simulator.scene import Actor, Attack, Light, Scene

Span = tuple[float, float]
"""Least and greatest value."""

EXPRESSIONS = 3
"""How many faces a person makes; the first is the neutral one."""
_MASKS = 12
_TRIES = 20
_HEAD_REACH = 1.5
_SHOULDERS = 2.7
_NECK = 1.6
_SHEET_REACH = 3.4
"""How far a head, shoulders and what is held up reach from the point between the eyes, and how far
below it the body begins: eye distances."""
_OVERLAPPING = 0.6


@dataclass(frozen=True, slots=True)
class Variety:
    """What random scenes are like. Angles in degrees, shares from 0 to 1."""

    eye_px: Span = (8.0, 110.0)
    """Drawn evenly on a logarithmic scale."""
    max_yaw_deg: float = 60.0
    wide_share: float = 0.15
    """Share of the people who turn by any angle up to the greatest; the others turn little."""
    yaw_spread_deg: float = 15.0
    """Standard deviation of the little turns; pitch and roll have half of it."""
    max_tilt_deg: float = 25.0
    """Of pitch and roll."""
    level: Span = (0.1, 1.3)
    """Of the light; drawn evenly on a logarithmic scale in half of the scenes, normal in others."""
    side_light_share: float = 0.25
    masked_share: float = 0.15
    attack_share: float = 0.0
    """Share of the faces that are pictures held up, prints and telephones alike."""
    expressive_share: float = 0.5
    overlap_share: float = 0.08
    """Share of the scenes in which a nearer head may hide part of a farther face."""
    noise: Span = (0.5, 6.0)
    max_defocus_px: float = 1.2
    motion_share: float = 0.12
    max_motion_px: float = 6.0


ALL_CONDITIONS = Variety()


@dataclass(frozen=True, slots=True)
class Condition:
    """A named state of light and of one person, as the figures distinguish them."""

    yaw_deg: Span = (-6.0, 6.0)
    level: Span = (0.8, 1.2)
    azimuth_deg: Span = (-25.0, 25.0)
    directness: Span = (0.2, 0.5)
    is_masked: bool = False
    expressive_share: float = 0.3


CONDITIONS: Mapping[str, Condition] = MappingProxyType(
    {
        "frontal": Condition(),
        "turned left": Condition(yaw_deg=(-25.0, -15.0)),
        "turned right": Condition(yaw_deg=(15.0, 25.0)),
        "side light": Condition(azimuth_deg=(60.0, 90.0), directness=(0.65, 0.85)),
        "dark": Condition(level=(0.25, 0.25)),
        "masked": Condition(is_masked=True),
    }
)


def condition_named(name: str) -> Condition:
    """Return a condition by its name. Raises ConfigError that lists the names."""
    try:
        return CONDITIONS[name]
    except KeyError as error:
        known = ", ".join(CONDITIONS)
        raise ConfigError(f"There is no condition {name!r}. There are: {known}.") from error


def random_scene(
    rng: np.random.Generator,
    width_px: int,
    height_px: int,
    people: Sequence[int],
    faces: int,
    variety: Variety = ALL_CONDITIONS,
    backgrounds: int = 1 << 30,
) -> Scene:
    """Return a scene with at most ``faces`` different ``people`` anywhere in the frame.

    Somebody for whom there is no room is left out. ``backgrounds`` is how many rooms there are to
    choose from. Raises ValueError when there are fewer people than faces.
    """
    if faces > len(people):
        raise ValueError(f"{len(people)} people cannot be {faces} faces")
    closeness = _OVERLAPPING if rng.random() < variety.overlap_share else 1.0
    chosen = rng.choice(len(people), faces, replace=False) if faces else ()
    actors: list[Actor] = []
    for index in chosen:
        actor = random_actor(rng, int(people[int(index)]), variety)
        for _ in range(_TRIES):
            placed = _placed(rng, actor, width_px, height_px)
            if all(_are_apart(placed, other, closeness) for other in actors):
                actors.append(placed)
                break
    return Scene(
        actors=tuple(actors),
        light=random_light(rng, variety),
        background=int(rng.integers(backgrounds)),
        noise=float(rng.uniform(*variety.noise)),
        defocus_px=_defocus(rng, variety.max_defocus_px),
        motion_px=_motion(rng, variety),
        motion_deg=float(rng.uniform(0, 180)),
        seed=int(rng.integers(1 << 31)),
    )


def random_actor(rng: np.random.Generator, person: int, variety: Variety) -> Actor:
    """Return a person, or a picture of one, at (0, 0)."""
    attack = Attack.NONE
    if rng.random() < variety.attack_share:
        attack = Attack.PRINT if rng.random() < 0.5 else Attack.PHONE
    if rng.random() < variety.wide_share:
        yaw_deg = float(rng.uniform(-variety.max_yaw_deg, variety.max_yaw_deg))
    else:
        yaw_deg = _normal(rng, variety.yaw_spread_deg, variety.max_yaw_deg)
    pitch_deg, roll_deg = (
        _normal(rng, variety.yaw_spread_deg / 2, variety.max_tilt_deg) for _ in range(2)
    )
    if attack is not Attack.NONE:
        # Whoever holds up a picture shows it to the camera.
        yaw_deg, pitch_deg = yaw_deg * 0.5, pitch_deg * 0.7
    is_masked = rng.random() < variety.masked_share
    is_expressive = rng.random() < variety.expressive_share
    smile, mouth_open, blink = _expression(rng, person, is_expressive)
    return Actor(
        person,
        0.0,
        0.0,
        _log_uniform(rng, variety.eye_px),
        yaw_deg,
        pitch_deg,
        roll_deg,
        smile,
        mouth_open,
        blink,
        mask_of(person) if is_masked else 0,
        attack,
    )


def random_light(rng: np.random.Generator, variety: Variety) -> Light:
    """Return the light on a scene."""
    is_normal = rng.random() < 0.5
    low, high = variety.level
    level = float(rng.uniform(min(max(0.7, low), high), high)) if is_normal else 0.0
    is_sideways = rng.random() < variety.side_light_share
    side = 1.0 if rng.random() < 0.5 else -1.0
    azimuth_deg = side * float(rng.uniform(40, 95)) if is_sideways else _normal(rng, 20, 60)
    return Light(
        level=level or _log_uniform(rng, variety.level),
        azimuth_deg=azimuth_deg,
        elevation_deg=float(rng.uniform(0, 65)),
        directness=float(rng.uniform(0.5, 0.9) if is_sideways else rng.uniform(0.1, 0.65)),
        warmth=_normal(rng, 0.35, 1.0),
    )


def portrait_scene(
    rng: np.random.Generator, person: int, condition: str, width_px: int, height_px: int
) -> Scene:
    """Return one person near the middle of the frame, as he stands before a door.

    The eyes are about a tenth of the width apart. Raises ConfigError when the condition is unknown.
    """
    state = condition_named(condition)
    smile, mouth_open, blink = _expression(rng, person, rng.random() < state.expressive_share)
    side = 1.0 if rng.random() < 0.5 else -1.0
    actor = Actor(
        person,
        width_px * float(rng.uniform(0.42, 0.58)),
        height_px * float(rng.uniform(0.40, 0.52)),
        width_px * float(rng.uniform(0.075, 0.115)),
        float(rng.uniform(*state.yaw_deg)),
        _normal(rng, 4, 10),
        _normal(rng, 3, 10),
        smile,
        mouth_open * 0.5,
        blink * 0.5,
        mask_of(person) if state.is_masked else 0,
    )
    light = Light(
        level=float(rng.uniform(*state.level)),
        azimuth_deg=side * float(rng.uniform(*state.azimuth_deg)),
        elevation_deg=float(rng.uniform(15, 50)),
        directness=float(rng.uniform(*state.directness)),
        warmth=_normal(rng, 0.2, 0.6),
    )
    return Scene(
        actors=(actor,),
        light=light,
        background=int(rng.integers(1 << 30)),
        noise=float(rng.uniform(1.5, 3.0)),
        defocus_px=float(rng.uniform(0.0, 0.6)),
        seed=int(rng.integers(1 << 31)),
    )


def mask_of(person: int) -> int:
    """Return the number of the mask that a person wears when he wears one."""
    return 1 + int(np.random.default_rng([0x3A5C, person]).integers(_MASKS))


def _expression(
    rng: np.random.Generator, person: int, is_expressive: bool
) -> tuple[float, float, float]:
    """Return smile, open mouth and blink: neutral, or one of the person's own."""
    if not is_expressive:
        return 0.0, 0.0, 0.0
    own = np.random.default_rng([0xFACE, person, int(rng.integers(1, EXPRESSIONS))])
    smile = float(own.uniform(0, 1))
    mouth_open = float(own.uniform(0, 0.8)) if own.random() < 0.4 else 0.0
    blink = float(own.uniform(0, 1)) if own.random() < 0.3 else 0.0
    return smile, mouth_open, blink


def _placed(rng: np.random.Generator, actor: Actor, width_px: int, height_px: int) -> Actor:
    """Put an actor somewhere into the frame, mostly so that the whole face is in it."""
    margin = actor.eye_px * (1.4 if rng.random() < 0.85 else 0.3)
    x_px = _within(rng, margin, width_px - margin)
    y_px = _within(rng, margin, height_px - 1.3 * margin)
    return dataclasses.replace(actor, x_px=x_px, y_px=y_px)


def _within(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high)) if low < high else (low + high) / 2


def _are_apart(one: Actor, other: Actor, closeness: float) -> bool:
    """Tell whether neither hides the other's face, with head, body or what is held up."""
    nearer, farther = (one, other) if one.eye_px >= other.eye_px else (other, one)
    across = abs(nearer.x_px - farther.x_px)
    down = farther.y_px - nearer.y_px
    own = farther.eye_px * _reach(farther)
    if nearer.attack is Attack.NONE:
        is_above_shoulders = down + own < _NECK * nearer.eye_px
        if not is_above_shoulders and across < _SHOULDERS * nearer.eye_px + own:
            return False
    else:
        closeness = 1.0
    return math.hypot(across, down * 0.8) > closeness * (nearer.eye_px * _reach(nearer) + own)


def _reach(actor: Actor) -> float:
    return _HEAD_REACH if actor.attack is Attack.NONE else _SHEET_REACH


def _normal(rng: np.random.Generator, spread: float, limit: float) -> float:
    return float(np.clip(rng.normal(0, spread), -limit, limit))


def _log_uniform(rng: np.random.Generator, span: Span) -> float:
    return math.exp(float(rng.uniform(math.log(span[0]), math.log(span[1]))))


def _defocus(rng: np.random.Generator, greatest_px: float) -> float:
    return float(rng.uniform(0, greatest_px)) if rng.random() < 0.5 else 0.0


def _motion(rng: np.random.Generator, variety: Variety) -> float:
    if rng.random() >= variety.motion_share:
        return 0.0
    return float(rng.uniform(0, variety.max_motion_px))
