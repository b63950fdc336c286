"""Frames to calibrate with and to compare on: the operator's own, and drawn ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from kiosk.camera.imagefile import read_image
from kiosk.domain import Frame, Pixels
from kiosk.errors import ConfigError
from kiosk.photolist import read_photo_list
from kiosk.simulator.render import Renderer
from kiosk.simulator.sampling import Variety, random_scene
from kiosk.simulator.scene import Truth

CALIBRATION_PEOPLE = 400_000
HELD_OUT_PEOPLE = 450_000
"""Numbers of drawn people, apart from those of training, figures and thresholds."""
_ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_WIDTH_PX, _HEIGHT_PX, _TEXTURE_PX = 640, 480, 384
_SHARES = (0.15, 0.45, 0.27, 0.13)
"""Of frames with no face, one, two and three."""
# Nearer than in training: who stands at the door fills the frame, and the ranges must reach there.
_VARIETY = Variety(eye_px=(10.0, 200.0))
_AFAR = (0.3, 0.7)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A frame, and what is known about the faces when it was drawn."""

    frame: Frame
    truths: tuple[Truth, ...] = ()
    is_drawn: bool = False


def listed(source: Path, limit: int | None = None) -> list[Path]:
    """Return the pictures in a folder and those below it, or on a list with a column ``path``.

    Of more than ``limit``, as many spread evenly. Raises ConfigError when there are none.
    """
    if source.is_dir():
        files = sorted(each for each in source.rglob("*") if each.suffix.lower() in _ENDINGS)
    else:
        files = [photo.file for photo in read_photo_list(source, columns=("path",))]
    if not files:
        raise ConfigError(f"{source} holds no pictures ({', '.join(sorted(_ENDINGS))}).")
    return spread(files, limit)


def spread(items: Sequence, limit: int | None) -> list:
    """Return at most ``limit`` items, evenly from the whole sequence."""
    if limit is None or len(items) <= limit:
        return list(items)
    return [items[number * len(items) // limit] for number in range(limit)]


def photographed(files: Sequence[Path], seed: int, afar_every: int = 3) -> list[Picture]:
    """Read frames; every so many are seen a second time from farther away. Raises ImageError."""
    rng = np.random.default_rng(seed)
    pictures = []
    for number, file in enumerate(files):
        pixels = read_image(file)
        pictures.append(Picture(Frame(pixels, number)))
        if number % afar_every == 0:
            pictures.append(Picture(Frame(_from_afar(pixels, rng), number)))
    return pictures


def drawn(first_person: int, count: int, seed: int) -> list[Picture]:
    """Draw ``count`` frames with up to three people each, of any size, light and angle."""
    rng = np.random.default_rng([seed, first_person])
    renderer = Renderer(_WIDTH_PX, _HEIGHT_PX, _TEXTURE_PX)
    pictures = []
    for number in range(count):
        people = range(first_person + 3 * number, first_person + 3 * number + 3)
        faces = int(rng.choice(len(_SHARES), p=_SHARES))
        scene = random_scene(rng, _WIDTH_PX, _HEIGHT_PX, people, faces, _VARIETY)
        seen = renderer.render(scene)
        pictures.append(Picture(Frame(seen.pixels, number), seen.truths, is_drawn=True))
    return pictures


def _from_afar(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a frame of the same size in which the picture is a smaller part."""
    height, width = pixels.shape[:2]
    scale = float(rng.uniform(*_AFAR))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    canvas = np.full_like(pixels, int(rng.integers(40, 200)))
    left = int(rng.integers(width - size[0] + 1))
    top = int(rng.integers(height - size[1] + 1))
    canvas[top : top + size[1], left : left + size[0]] = small
    return canvas
