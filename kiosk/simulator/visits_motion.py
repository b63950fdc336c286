"""How simulated people move: from stance to stance, and never quite still.

Pure functions of time and a seed. Sizes are shares of the picture, so that a visit fits every
camera; times are seconds since the visit began.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass

from kiosk.simulator.scene import Actor, Attack

_NEAR_EYE = 0.12
"""Distance between the eyes of who stands right at the door, share of the shorter side."""
_NEAR_Y, _FAR_Y = 0.46, 0.38
"""Height of the eyes near and far, share of the picture's height from the top."""
_BLINK_EVERY_S, _BLINK_S = 3.4, 0.18
_GLANCE_EVERY_S, _GLANCE_S, _GLANCE_DEG = 4.1, 0.7, 7.0
_SYLLABLES_PER_S = 4.2


@dataclass(frozen=True, slots=True)
class Stance:
    """Where somebody is, and looks, at one moment of a visit."""

    at_s: float
    x: float
    """Place between the eyes, share of the picture's width; below 0 and above 1 is outside."""
    eye: float
    """Distance between the eyes seen from the front, share of the picture's shorter side."""
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    y: float | None = None
    """Share of the picture's height; None for where a standing person's eyes are."""
    smile: float = 0.0
    speaking: float = 0.0
    """0 silent … 1 talking."""

    @property
    def height(self) -> float:
        """Place between the eyes, share of the picture's height."""
        if self.y is not None:
            return self.y
        return _FAR_Y + (_NEAR_Y - _FAR_Y) * min(self.eye / _NEAR_EYE, 1.3)


@dataclass(frozen=True, slots=True)
class Part:
    """One person's part in a visit, or that of a picture that is held up."""

    person: int
    stances: tuple[Stance, ...]
    """In the order of time; before the first and after the last nothing changes."""
    attack: Attack = Attack.NONE
    mask: int = 0
    mask_until_s: float = math.inf
    seed: int = 0

    def actor_at(self, t_s: float, width_px: int, height_px: int) -> Actor | None:
        """Return the actor at a moment; None when nothing of them is in the picture."""
        stance = stance_at(self.stances, t_s)
        if not -0.48 < stance.x < 1.48 or not -0.6 < stance.height < 1.8:
            return None
        unit_px = min(width_px, height_px)
        # Hands shake more than a head sways, and further the nearer they are.
        restless = 1.8 if self.attack is not Attack.NONE else 1.0
        sway = _Sway(self.seed, t_s, restless)
        alive = self.attack is Attack.NONE
        return Actor(
            person=self.person,
            x_px=stance.x * width_px + sway.x * stance.eye * unit_px,
            y_px=stance.height * height_px + sway.y * stance.eye * unit_px,
            eye_px=stance.eye * unit_px * (1 + 0.01 * sway.near),
            yaw_deg=stance.yaw_deg + sway.yaw_deg + (glance_deg(self.seed, t_s) if alive else 0.0),
            pitch_deg=stance.pitch_deg + sway.pitch_deg,
            roll_deg=sway.roll_deg,
            smile=stance.smile if alive else 0.0,
            mouth_open=stance.speaking * _mouth(self.seed, t_s) if alive else 0.0,
            blink=blink(self.seed, t_s) if alive else 0.0,
            mask=self.mask if t_s < self.mask_until_s else 0,
            attack=self.attack,
        )


def stance_at(stances: tuple[Stance, ...], t_s: float) -> Stance:
    """Return the stance between those of a path, with a soft start and end of each step."""
    if t_s <= stances[0].at_s:
        return stances[0]
    for before, after in itertools.pairwise(stances):
        if t_s < after.at_s:
            share = (t_s - before.at_s) / (after.at_s - before.at_s)
            share = share * share * (3 - 2 * share)

            def between(a: float, b: float, share: float = share) -> float:
                return a + (b - a) * share

            # Who comes closer at a steady pace grows by equal factors, not by equal steps.
            eye = before.eye * (after.eye / before.eye) ** share
            return Stance(
                at_s=t_s,
                x=between(before.x, after.x),
                eye=eye,
                yaw_deg=between(before.yaw_deg, after.yaw_deg),
                pitch_deg=between(before.pitch_deg, after.pitch_deg),
                y=between(before.height, after.height),
                smile=between(before.smile, after.smile),
                speaking=between(before.speaking, after.speaking),
            )
    return stances[-1]


def blink(seed: int, t_s: float) -> float:
    """Return how far the eyes are shut, 0–1: a short blink every few seconds."""
    since_s = _since(seed, t_s, _BLINK_EVERY_S, "blink")
    if since_s >= _BLINK_S:
        return 0.0
    return math.sin(math.pi * since_s / _BLINK_S)


def glance_deg(seed: int, t_s: float) -> float:
    """Return how far the head is turned by a passing glance aside, degrees of yaw."""
    since_s = _since(seed, t_s, _GLANCE_EVERY_S, "glance")
    if since_s >= _GLANCE_S:
        return 0.0
    side = 1 if random.Random(f"side {seed} {int(t_s // _GLANCE_EVERY_S)}").random() < 0.5 else -1
    return side * _GLANCE_DEG * math.sin(math.pi * since_s / _GLANCE_S)


def _since(seed: int, t_s: float, every_s: float, what: str) -> float:
    """Return the time since something that happens once in each period; inf before it."""
    period = int(t_s // every_s)
    began_s = (period + 0.2 + 0.5 * random.Random(f"{what} {seed} {period}").random()) * every_s
    return t_s - began_s if t_s >= began_s else math.inf


def _mouth(seed: int, t_s: float) -> float:
    """Return how far a talking mouth is open, 0–1."""
    syllable = abs(math.sin(math.pi * _SYLLABLES_PER_S * t_s + seed))
    stress = 0.6 + 0.4 * math.sin(2.3 * t_s + 2 * seed)
    return 0.7 * syllable * stress


class _Sway:
    """Small slow movements of a body that stands: sums of two sines, different for each seed."""

    def __init__(self, seed: int, t_s: float, restless: float) -> None:
        chance = random.Random(f"sway {seed}")

        def wave(size: float) -> float:
            slow, quick = chance.uniform(0.16, 0.24), chance.uniform(0.37, 0.49)
            first, second = chance.uniform(0, 6.3), chance.uniform(0, 6.3)
            turn = 2 * math.pi * t_s
            return (
                size
                * restless
                * (0.7 * math.sin(slow * turn + first) + 0.3 * math.sin(quick * turn + second))
            )

        # Places in eye distances, angles in degrees.
        self.x, self.y, self.near = wave(0.10), wave(0.06), wave(1.0)
        self.yaw_deg, self.pitch_deg, self.roll_deg = wave(2.0), wave(1.5), wave(1.5)
