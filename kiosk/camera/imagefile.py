"""Read one photograph from a file, or say in a sentence why it cannot be used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import cv2
import numpy as np

from kiosk.camera.imageheader import FORMATS, image_format, image_size, is_complete
from kiosk.camera.opencv import silence_opencv
from kiosk.domain import Pixels
from kiosk.errors import ImageError

MAX_PIXELS = 50_000_000
MAX_FILE_BYTES = 100 * 1024 * 1024

_ACCEPTED = ", ".join(FORMATS[:-1]) + " or " + FORMATS[-1]


def read_image(path: Path | str) -> Pixels:
    """Return the picture in a file as BGR, uint8, shape (height, width, 3), the right way up.

    The EXIF orientation is applied; grey, palette and 16-bit pictures are converted; an alpha
    channel is ignored. Raises ImageError when the file is missing, no image, damaged or larger
    than 50 megapixels or 100 MB.
    """
    shown = printable(path)
    data = _read_bytes(path, shown)
    if image_format(data) is None:
        raise ImageError(f"{shown} is not an image the program reads. Use {_ACCEPTED}.")
    size = image_size(data)
    if size is None or not is_complete(data):
        raise ImageError(_damaged(shown))
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{shown} has {width} x {height} pixels, more than {MAX_PIXELS // 1_000_000} "
            "megapixels. Use a smaller version of the picture."
        )
    silence_opencv()
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise ImageError(_damaged(shown)) from error
    # The type stubs promise an array; a damaged file gives None.
    pixels = None if decoded is None else np.asarray(decoded)
    if pixels is None or pixels.size == 0:
        raise ImageError(_damaged(shown))
    return np.ascontiguousarray(pixels, dtype=np.uint8)


def printable(path: Path | str) -> str:
    """Return a path for a message: file names on USB sticks need not be valid UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _read_bytes(path: Path | str, shown: str) -> bytes:
    try:
        # Looked at before it is opened: opening a pipe or a device could block.
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise ImageError(f"{shown} is a folder. Name one of the images in it.")
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{shown} is not an ordinary file. Name an image file.")
        if status.st_size > MAX_FILE_BYTES:
            raise ImageError(
                f"{shown} is larger than {MAX_FILE_BYTES // 1024**2} MB. "
                "Use a smaller version of the picture."
            )
        with open(path, "rb") as file:
            data = file.read(status.st_size)
    except FileNotFoundError as error:
        raise ImageError(f"There is no file {shown}. Check the name.") from error
    except PermissionError as error:
        raise ImageError(
            f"The file {shown} may not be read. Give the kiosk's user permission to read it."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise ImageError(
            f"The file {shown} cannot be read: {error}. Copy it to this computer and try again."
        ) from error
    if not data:
        raise ImageError(f"The file {shown} is empty. Copy it again from where it came from.")
    return data


def _damaged(shown: str) -> str:
    return f"The image {shown} is damaged or incomplete. Copy it again from where it came from."
