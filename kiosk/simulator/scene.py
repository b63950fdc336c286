"""What the simulator draws and what it knows about it: frozen values, pixels and degrees.

Directions are those of :class:`kiosk.domain.HeadPose`: yaw > 0 turns the nose to the right of the
picture, pitch > 0 lifts it, roll > 0 leans the head clockwise. "Left" and "right" are the viewer's.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Box, HeadPose, Pixels


class Attack(enum.Enum):
    """How somebody pretends to be another person."""

    NONE = "none"
    PRINT = "print"
    """A printed photograph held in front of the camera."""
    PHONE = "phone"
    """A photograph on the screen of a telephone."""
    FLAT_PRINT = "flat print"
    """As PRINT, which may be bent, but on something stiff."""
    BENT_PRINT = "bent print"
    """Bent like a face: its left and right edges away from the camera."""
    CUT_OUT = "cut-out"
    """The head cut out of a print along its outline, flat or bent."""
    TABLET = "tablet"
    """A photograph on a larger screen."""


@dataclass(frozen=True, slots=True)
class Light:
    """The light on the scene."""

    level: float = 1.0
    """Times normal room light; 0.25 is a badly lit entrance, 0.1 is darkness."""
    azimuth_deg: float = 0.0
    """Where the lamp is: 0 behind the camera, 90 to the right of the picture, −90 to the left."""
    elevation_deg: float = 35.0
    directness: float = 0.5
    """Share of the light that comes from the lamp, 0–1; the rest comes from everywhere."""
    warmth: float = 0.0
    """−1 bluish … 1 reddish."""


@dataclass(frozen=True, slots=True)
class Actor:
    """One person (or a picture of one) in one frame."""

    person: int
    """Who it is: the number that :func:`kiosk.simulator.looks.invent` makes a person of."""
    x_px: float
    """Where the point between the eyes is in the picture, likewise ``y_px``."""
    y_px: float
    eye_px: float
    """Distance between the eyes if the head faced the camera; 60 is near, 15 is far."""
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    smile: float = 0.0
    """0 neutral … 1 broad."""
    mouth_open: float = 0.0
    """0 shut … 1 wide open."""
    blink: float = 0.0
    """0 eyes open … 1 eyes shut."""
    mask: int = 0
    """0 no mask; 1, 2, 3 … a surgical, cloth or filtering mask of some colour."""
    attack: Attack = Attack.NONE
    """For an attack, position, size and angles are those of the picture that is held up."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is in one frame. The same scene always gives the same pixels."""

    actors: tuple[Actor, ...] = ()
    light: Light = field(default_factory=Light)
    background: int = 0
    """Seed of the room behind."""
    noise: float = 2.0
    """Sensor noise at mid-grey, grey levels (standard deviation)."""
    defocus_px: float = 0.0
    """Standard deviation of the blur of the lens."""
    motion_px: float = 0.0
    """Length of the blur of movement, and its direction (0 along x)."""
    motion_deg: float = 0.0
    seed: int = 0
    """Of the noise, the moiré and the like."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is known about one actor in the frame, front to back order of the scene."""

    actor: Actor
    box: Box
    """Forehead to chin and cheek to cheek, as detectors frame a face; may leave the picture."""
    landmarks: NDArray[np.float32]
    """(5, 2) frame pixels in the order of :class:`kiosk.domain.Detection`."""
    pose: HeadPose
    """Of the face that is seen: for a picture held up, that of the face in the picture."""
    visible_fraction: float
    """Share of the box that is in the picture and not behind somebody nearer, 0–1."""


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """A frame and the truth about it."""

    pixels: Pixels
    truths: tuple[Truth, ...]
