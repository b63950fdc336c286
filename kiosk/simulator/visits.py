"""What happens in front of the door over time: scripted visits, pure functions of time.

A visit says for every moment what the camera sees. The same visit with the same cast and seed
always gives the same scenes.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from kiosk.errors import ConfigError
from kiosk.simulator.scene import Actor, Attack, Light, Scene
from kiosk.simulator.visits_motion import Part, Stance

FIRST_PERSON = 1_000_000
"""People from this number on are kept out of training, so that whoever visits is unseen."""

_EXPOSURE_S = 1 / 60
_SWITCH_S = 0.25
_AT_DOOR = 0.115
_FAR = 0.034
_LEFT, _RIGHT = -0.25, 1.25
_GONE = 1.5
"""Where not even the shoulder of somebody near is in the picture."""


class CameraFault(enum.Enum):
    """What ails the camera during a visit; the simulated camera acts it out."""

    NONE = "none"
    DEAD = "dead"
    """Nothing can be read."""
    FROZEN = "frozen"
    """The same picture again and again."""
    BLACK = "black"
    """Pictures come, but they are black."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays a visit, and where."""

    person: int = FIRST_PERSON
    """The one the visit is about."""
    other: int = FIRST_PERSON + 1
    """The second one, where there are two."""
    room: int = 7
    """Seed of the room behind."""
    seed: int = 0
    """Of small movements and of the sensor's noise."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One scripted visit."""

    name: str
    title: str
    """What is to be seen, a sentence that is true whatever the kiosk makes of it."""
    seconds: float
    parts: tuple[Part, ...] = ()
    """Those nearer to the camera come first."""
    lights: tuple[tuple[float, Light], ...] = ((0.0, Light()),)
    """From which second on which light is on; the first from 0."""
    fault: CameraFault = CameraFault.NONE
    fault_from_s: float = 0.0
    fault_seconds: float = math.inf
    """How long the fault lasts; by default to the end of the visit."""
    room: int = 7
    seed: int = 0

    def scene_at(self, t_s: float, width_px: int, height_px: int) -> Scene:
        """Return what the camera would see ``t_s`` seconds after the visit began."""
        actors = self._actors_at(t_s, width_px, height_px)
        speed_px_s, direction_deg = self._movement(actors, t_s, width_px, height_px)
        return Scene(
            actors=actors,
            light=self._light_at(t_s),
            background=self.room,
            motion_px=speed_px_s * _EXPOSURE_S,
            motion_deg=direction_deg,
            seed=self._seed_at(t_s),
        )

    def fault_at(self, t_s: float) -> CameraFault:
        """Return what ails the camera at a moment."""
        is_ill = 0 <= t_s - self.fault_from_s < self.fault_seconds
        return self.fault if is_ill else CameraFault.NONE

    def _seed_at(self, t_s: float) -> int:
        if any(part.attack is not Attack.NONE for part in self.parts):
            # The seed also chooses the paper and the hand that holds it.
            return self.seed
        return (self.seed * 1_000_003 + round(t_s * 1000)) % 2**31

    def _actors_at(self, t_s: float, width_px: int, height_px: int) -> tuple[Actor, ...]:
        actors = (part.actor_at(t_s, width_px, height_px) for part in self.parts)
        present = [actor for actor in actors if actor is not None]
        return tuple(sorted(present, key=lambda actor: -actor.eye_px))

    def _movement(
        self, actors: tuple[Actor, ...], t_s: float, width_px: int, height_px: int
    ) -> tuple[float, float]:
        """Return speed (pixels a second) and direction (degrees) of the nearest actor."""
        before_s = 0.02
        earlier = self._actors_at(t_s - before_s, width_px, height_px)
        if not actors:
            return 0.0, 0.0
        last = next((actor for actor in earlier if actor.person == actors[0].person), None)
        if last is None:
            return 0.0, 0.0
        across, down = actors[0].x_px - last.x_px, actors[0].y_px - last.y_px
        return math.hypot(across, down) / before_s, math.degrees(math.atan2(down, across))

    def _light_at(self, t_s: float) -> Light:
        light = self.lights[0][1]
        for from_s, after in self.lights[1:]:
            if t_s < from_s:
                break
            share = min((t_s - from_s) / _SWITCH_S, 1.0)
            light = replace(after, level=light.level + (after.level - light.level) * share)
        return light


def visit(name: str, cast: Cast | None = None) -> Visit:
    """Return the scripted visit of that name. Raises ConfigError that lists all names."""
    make = VISITS.get(name)
    if make is None:
        raise ConfigError(f"There is no scene {name!r}. The scenes are: {', '.join(VISITS)}.")
    return make(cast or Cast())


# --- the visits -----------------------------------------------------------------------------------


def _made(cast: Cast, name: str, title: str, seconds: float, *parts: Part) -> Visit:
    seeded = tuple(replace(part, seed=cast.seed * 10 + n) for n, part in enumerate(parts))
    return Visit(name, title, seconds, seeded, room=cast.room, seed=cast.seed)


def _came(at_s: float = 1.7, x: float = 0.5, eye: float = _AT_DOOR) -> tuple[Stance, ...]:
    """Walk up from the left in the distance."""
    return (Stance(0.0, _LEFT, 0.05, yaw_deg=40), Stance(at_s, x, eye, smile=0.1))


def _left(from_s: float, x: float = 0.5, eye: float = _AT_DOOR) -> tuple[Stance, ...]:
    """Stay until ``from_s``, then walk out on the right."""
    return (
        Stance(from_s, x, eye, smile=0.3),
        Stance(from_s + 1.3, _GONE, eye * 1.3, yaw_deg=52),
    )


def _empty(cast: Cast) -> Visit:
    return _made(cast, "empty", "Nobody is there.", 3.0)


def _approach(cast: Cast) -> Visit:
    part = Part(cast.person, (*_came(), *_left(4.4)))
    return _made(cast, "approach", "Somebody walks up and looks at the camera.", 6.0, part)


def _look_around(cast: Cast) -> Visit:
    looks = ((2.4, 0, 0), (3.1, -34, 0), (3.8, 34, 3), (4.6, 0, 18), (5.3, 0, -18), (6.0, 0, 0))
    turns = tuple(Stance(at, 0.5, _AT_DOOR, yaw, pitch) for at, yaw, pitch in looks)
    part = Part(cast.person, (*_came(), *turns, *_left(8.4)))
    return _made(cast, "look-around", "Somebody walks up and looks around.", 10.0, part)


def _stranger(cast: Cast) -> Visit:
    talks = (Stance(2.2, 0.5, _AT_DOOR, speaking=0.8), Stance(3.6, 0.5, _AT_DOOR, speaking=0.8))
    part = Part(cast.person, (*_came(), *talks, *_left(4.6)))
    return _made(cast, "stranger", "A visitor walks up and speaks to the door.", 6.0, part)


def _two_at_once(cast: Cast) -> Visit:
    one = Part(
        cast.person,
        (*_came(1.7, 0.35, 0.1), Stance(3.7, 0.35, 0.1), Stance(4.9, 1 - _GONE, 0.12, -50)),
    )
    two = Part(
        cast.other,
        (
            Stance(0.0, _RIGHT, 0.05, yaw_deg=-40),
            Stance(1.7, 0.65, 0.1),
            Stance(3.7, 0.65, 0.1, speaking=0.6),
            Stance(4.9, _GONE, 0.12, yaw_deg=50),
        ),
    )
    return _made(cast, "two-at-once", "Two people stand before the door together.", 5.6, one, two)


def _tailgating(cast: Cast) -> Visit:
    first = Part(cast.person, (*_came(), *_left(3.8)))
    follower = Part(
        cast.other,
        (
            Stance(0.8, _LEFT, 0.036, yaw_deg=40),
            Stance(2.6, 0.3, 0.05),
            Stance(4.2, 0.34, 0.055),
            Stance(5.4, 0.5, _AT_DOOR),
            *_left(8.0),
        ),
    )
    title = "Somebody follows on the heels of another."
    return _made(cast, "tailgating", title, 9.6, first, follower)


def _dark(cast: Cast) -> Visit:
    part = Part(cast.person, (*_came(), *_left(6.0)))
    lights = ((0.0, Light(level=0.002)), (3.6, Light()))
    title = "Somebody stands in the dark; then the light comes on."
    return replace(_made(cast, "dark", title, 7.6, part), lights=lights)


def _mask(cast: Cast) -> Visit:
    bows = (
        Stance(4.2, 0.5, _AT_DOOR),
        Stance(4.6, 0.5, _AT_DOOR, pitch_deg=-34),
        Stance(4.9, 0.5, _AT_DOOR, pitch_deg=-34),
        Stance(5.3, 0.5, _AT_DOOR),
    )
    part = Part(cast.person, (*_came(), *bows, *_left(7.6)), mask=1, mask_until_s=4.75)
    title = "Somebody wears a mask, then takes it off."
    return _made(cast, "mask", title, 9.2, part)


def _held_up(cast: Cast, name: str, title: str, attack: Attack, eye: float) -> Visit:
    stances = (
        Stance(0.0, 0.56, eye * 0.8, y=1.7),
        Stance(1.3, 0.5, eye),
        Stance(2.6, 0.49, eye * 1.06, yaw_deg=8),
        Stance(3.6, 0.51, eye * 1.03, yaw_deg=-6),
        Stance(4.0, 0.5, eye),
        Stance(4.8, 0.58, eye * 0.8, y=1.75),
    )
    return _made(cast, name, title, 5.8, Part(cast.person, stances, attack=attack))


def _photograph(cast: Cast) -> Visit:
    title = "Somebody holds up a printed photograph."
    return _held_up(cast, "photograph", title, Attack.PRINT, 0.105)


def _phone(cast: Cast) -> Visit:
    title = "Somebody holds up a photograph on a telephone."
    return _held_up(cast, "phone", title, Attack.PHONE, 0.095)


def _too_far(cast: Cast) -> Visit:
    stances = (
        Stance(0.0, _LEFT, 0.03, yaw_deg=40),
        Stance(1.4, 0.47, _FAR),
        Stance(3.6, 0.48, _FAR),
        Stance(4.9, 0.5, _AT_DOOR, smile=0.2),
    )
    part = Part(cast.person, (*stances, *_left(6.8)))
    title = "Somebody stops far from the door, then comes closer."
    return _made(cast, "too-far", title, 8.4, part)


def _looking_away(cast: Cast) -> Visit:
    away = (
        Stance(0.0, _LEFT, 0.05, yaw_deg=68),
        Stance(1.7, 0.5, _AT_DOOR, yaw_deg=72),
        Stance(5.6, 0.5, _AT_DOOR, yaw_deg=74),
        Stance(6.9, _GONE, 0.15, yaw_deg=70),
    )
    title = "Somebody passes the door and never looks at it."
    return _made(cast, "looking-away", title, 7.4, Part(cast.person, away))


def _faulty(cast: Cast, name: str, title: str, fault: CameraFault, from_s: float) -> Visit:
    part = Part(cast.person, (*_came(), *_left(9.0)))
    return replace(_made(cast, name, title, 8.0, part), fault=fault, fault_from_s=from_s)


def _dead_camera(cast: Cast) -> Visit:
    title = "The camera is dead for a few seconds."
    empty = _made(cast, "dead-camera", title, 5.0)
    return replace(empty, fault=CameraFault.DEAD, fault_seconds=2.8)


def _frozen_camera(cast: Cast) -> Visit:
    title = "The camera freezes and shows one picture for ever."
    return _faulty(cast, "frozen-camera", title, CameraFault.FROZEN, 1.9)


def _black_camera(cast: Cast) -> Visit:
    title = "The camera goes black."
    return _faulty(cast, "black-camera", title, CameraFault.BLACK, 0.6)


VISITS: Mapping[str, Callable[[Cast], Visit]] = MappingProxyType(
    {
        "approach": _approach,
        "look-around": _look_around,
        "two-at-once": _two_at_once,
        "stranger": _stranger,
        "tailgating": _tailgating,
        "dark": _dark,
        "mask": _mask,
        "photograph": _photograph,
        "phone": _phone,
        "too-far": _too_far,
        "looking-away": _looking_away,
        "dead-camera": _dead_camera,
        "frozen-camera": _frozen_camera,
        "black-camera": _black_camera,
        "empty": _empty,
    }
)
"""Every scripted visit by its name; give it a cast."""
