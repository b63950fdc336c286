"""Visitors who answer when they are asked to turn the head, and impostors who try to.

Their pictures are those of a pure function of time as long as nothing is asked; what is asked
changes it from that moment on. Somebody live needs a moment, turns the head as far as people do,
further when that is not enough, and comes back when told or tired of it; an impostor does so with
the picture.
"""

from __future__ import annotations

import enum
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kiosk.simulator.scene import Actor, Attack, Light, Scene
from kiosk.simulator.visits_motion import Part, Stance

_EXPOSURE_S = 1 / 60
_ARRIVES_S = 0.9
_MAX_SHEET_DEG = 55.0
_PUZZLED_S = 0.5
_FURTHER_DEG = 15.0


class Manner(enum.Enum):
    """What is done with a picture before the camera."""

    STILL = "still"
    MOVING = "moving"
    """Swung about and brought nearer, as a head sways."""
    TILTING = "tilting"
    """Turned to and fro all the time."""
    TURNING = "turning"
    """Turned to the side that is asked for, once it is."""


@dataclass(slots=True)
class _Move:
    """A turn there and back."""

    from_s: float
    yaw_deg: float
    there_s: float
    back_s: float
    leaves_s: float
    """When the way back begins."""
    further_deg: float = 0.0
    """Turned on when the turn was held for a while and still is not enough."""

    def yaw_at(self, t_s: float) -> float:
        there = self.yaw_deg * _eased((t_s - self.from_s) / self.there_s)
        waited_s = t_s - self.from_s - self.there_s - _PUZZLED_S
        if self.leaves_s > self.from_s + self.there_s + _PUZZLED_S:
            there += self.further_deg * _eased(waited_s / self.there_s)
        return there * (1 - _eased((t_s - self.leaves_s) / self.back_s))


class Visitor:
    """One visit of somebody, live or with a picture; always the same for the same seed."""

    def __init__(
        self,
        person: int,
        seed: int,
        attack: Attack = Attack.NONE,
        manner: Manner = Manner.STILL,
        room: int = 0,
        light: Light | None = None,
        eye: float = 0.115,
    ) -> None:
        """``person``: who comes, or whose picture it is; ``eye``: as in Stance."""
        self._chance = random.Random(f"visitor {seed}")
        self._attack = attack
        self._manner = manner
        self._room, self._seed = room, seed
        self._light = light or Light()
        self._moves: list[_Move] = []
        self._part = Part(person, tuple(self._stances(eye)), attack=attack, seed=seed)
        self._wearer = person + 500_000

    def ask(self, t_s: float, yaw_sign: int) -> None:
        """Ask for a turn at ``t_s``; ``yaw_sign`` > 0: the nose to the right of the picture."""
        chance = self._chance
        delay_s = min(max(chance.lognormvariate(-0.35, 0.35), 0.3), 1.6)
        if self._attack is Attack.NONE:
            # People take their left for their right now and then.
            sign = -yaw_sign if chance.random() < 0.03 else yaw_sign
            yaw_deg, patience_s = sign * min(max(chance.gauss(38, 8), 26), 55), 1.8
        elif self._manner is Manner.TURNING:
            yaw_deg, patience_s = yaw_sign * chance.uniform(25, _MAX_SHEET_DEG), 1.8
        else:
            return
        from_s, there_s = t_s + delay_s, chance.uniform(0.4, 0.8)
        leaves_s = from_s + there_s + patience_s
        back_s = chance.uniform(0.4, 0.8)
        further_deg = 0.0
        if self._attack is Attack.NONE:
            further_deg = math.copysign(min(_FURTHER_DEG, 60 - abs(yaw_deg)), yaw_deg)
        self._moves.append(_Move(from_s, yaw_deg, there_s, back_s, leaves_s, further_deg))

    def release(self, t_s: float) -> None:
        """Say that the turn is enough: whoever has turned comes back, after a moment."""
        if self._moves:
            move = self._moves[-1]
            back_s = t_s + self._chance.uniform(0.25, 0.5)
            move.leaves_s = min(move.leaves_s, max(back_s, move.from_s + move.there_s))

    def scene_at(self, t_s: float, width_px: int, height_px: int) -> Scene:
        """Return what the camera sees ``t_s`` seconds after the visit began."""
        actors = self._actors_at(t_s, width_px, height_px)
        before = self._actors_at(t_s - 0.02, width_px, height_px)
        speed = 0.0
        if actors and before:
            across, down = actors[0].x_px - before[0].x_px, actors[0].y_px - before[0].y_px
            speed = float((across**2 + down**2) ** 0.5) / 0.02
        still = self._attack is not Attack.NONE
        return Scene(
            actors,
            self._light,
            self._room,
            motion_px=speed * _EXPOSURE_S,
            seed=self._seed if still else (self._seed * 1_000_003 + round(t_s * 1000)) % 2**31,
        )

    def _actors_at(self, t_s: float, width_px: int, height_px: int) -> tuple[Actor, ...]:
        actor = self._part.actor_at(t_s, width_px, height_px)
        if actor is None:
            return ()
        yaw_deg = actor.yaw_deg + sum(m.yaw_at(t_s) for m in self._moves if t_s >= m.from_s)
        actor = replace(actor, yaw_deg=min(max(yaw_deg, -70.0), 70.0))
        if self._attack is not Attack.CUT_OUT:
            return (actor,)
        # The cut-out is worn before a head that is a little smaller and lower.
        wearer = replace(
            actor,
            person=self._wearer,
            attack=Attack.NONE,
            eye_px=actor.eye_px * 0.9,
            y_px=actor.y_px + 0.15 * actor.eye_px,
        )
        return actor, wearer

    def _stances(self, eye: float) -> Sequence[Stance]:
        chance = self._chance
        x = 0.5 + chance.uniform(-0.06, 0.06)
        start = Stance(0.0, x + chance.uniform(-0.12, 0.12), eye * 0.7)
        stances = [start, Stance(_ARRIVES_S, x, eye)]
        if self._attack is Attack.NONE:
            return stances
        if self._manner is Manner.MOVING:
            stances += [
                Stance(
                    _ARRIVES_S + 0.9 * (n + 1),
                    x + chance.uniform(-0.08, 0.08),
                    eye * chance.uniform(0.85, 1.15),
                    yaw_deg=chance.gauss(0, 5),
                    pitch_deg=chance.gauss(0, 5),
                )
                for n in range(12)
            ]
        elif self._manner is Manner.TILTING:
            sign = chance.choice((-1, 1))
            for n in range(16):
                sign = -sign
                yaw_deg = sign * chance.uniform(15, _MAX_SHEET_DEG)
                stances.append(
                    Stance(_ARRIVES_S + 0.8 * (n + 1), x, eye, yaw_deg, chance.gauss(0, 6))
                )
        return stances


def _eased(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)
