"""A folder of photographs, each held in front of the door for a while."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from kiosk.camera.imagefile import printable, read_image
from kiosk.camera.pacing import Pacer
from kiosk.config import CameraConfig
from kiosk.domain import Pixels
from kiosk.errors import CameraError, ImageError

_log = logging.getLogger(__name__)

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
MAX_FRAMES_PER_S = 15


class ImageFolderCamera:
    """The images of a folder in the order a person would list them, once through.

    The same array is returned for every frame of an image: it must not be written to.
    """

    is_live = False

    def __init__(self, folder: Path, config: CameraConfig) -> None:
        self.name = printable(folder)
        self.label = ""
        """File name of the image last returned."""
        self.skipped = 0
        """Images that could not be read."""
        frames_per_s = min(config.frames_per_s, MAX_FRAMES_PER_S)
        self._folder = folder
        self._frames_per_image = max(1, round(config.image_hold_s * frames_per_s))
        self._interval_s = 1 / frames_per_s
        self._pacer = Pacer(self._interval_s)
        self._waiting: list[Path] = []
        self._shown = 0
        self._pixels: Pixels | None = None
        self._repeats_left = 0

    def open(self) -> None:
        """List the folder. Raises CameraError when it has no images or cannot be read."""
        try:
            # Names with a dot in front are hidden; macOS leaves such files beside every photograph.
            images = [
                path
                for path in self._folder.iterdir()
                if path.suffix.lower() in SUFFIXES
                and not path.name.startswith(".")
                and path.is_file()
            ]
        except OSError as error:
            raise CameraError(
                f"The folder {self.name} cannot be read: {error.strerror}. Check its name and "
                "permissions."
            ) from error
        if not images:
            raise CameraError(
                f"The folder {self.name} has no images. Put JPEG, PNG, BMP or WebP files into it."
            )
        images.sort(key=lambda path: natural_key(path.name), reverse=True)
        self._waiting = images
        self._shown = self.skipped = self._repeats_left = 0
        self._pacer = Pacer(self._interval_s)

    def read(self) -> Pixels | None:
        """Return the next frame when it is due; None after the last image.

        Raises CameraError when none of the images could be read.
        """
        if self._repeats_left == 0 and not self._load_next():
            if self._shown == 0:
                raise CameraError(
                    f"None of the {self.skipped} images in {self.name} can be read. Copy them "
                    "again from where they came from."
                )
            return None
        self._repeats_left -= 1
        self._pacer.wait()
        return self._pixels

    def close(self) -> None:
        """Let go of the image in memory."""
        self._waiting = []
        self._pixels = None
        self._repeats_left = 0

    def _load_next(self) -> bool:
        while self._waiting:
            path = self._waiting.pop()
            try:
                self._pixels = read_image(path)
            except ImageError as error:
                self.skipped += 1
                _log.warning("Image skipped: %s", error)
                continue
            self.label = printable(path.name)
            self._shown += 1
            self._repeats_left = self._frames_per_image
            return True
        return False


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sort key that puts ``face2`` before ``face10``."""
    parts = re.split(r"(\d+)", name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name
