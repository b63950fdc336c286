"""Sizes from headers agree with the encoder, and damaged headers give no size."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.camera.imageheader import image_format, image_size, is_complete

PROGRESSIVE = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
LOSSLESS = [cv2.IMWRITE_WEBP_QUALITY, 101]
LOSSY = [cv2.IMWRITE_WEBP_QUALITY, 80]


@pytest.mark.parametrize(
    ("suffix", "options", "name"),
    [
        (".jpg", [], "JPEG"),
        (".jpg", PROGRESSIVE, "JPEG"),
        (".png", [], "PNG"),
        (".bmp", [], "BMP"),
        (".webp", LOSSY, "WebP"),
        (".webp", LOSSLESS, "WebP"),
    ],
)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (33, 7), (300, 1025)])
def test_reads_what_the_encoder_wrote(
    suffix: str, options: list[int], name: str, width: int, height: int
) -> None:
    data = cv2.imencode(suffix, np.zeros((height, width, 3), np.uint8), options)[1].tobytes()
    assert image_format(data) == name
    assert image_size(data) == (width, height)
    assert is_complete(data)


@pytest.mark.parametrize("options", [[], PROGRESSIVE])
def test_cut_jpeg_is_not_complete(options: list[int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    data = cv2.imencode(".jpg", noise, options)[1].tobytes()
    assert is_complete(data + bytes(10))
    assert not is_complete(data[:-2])
    assert not is_complete(data[:100])


def test_extended_webp() -> None:
    pixels = np.zeros((20, 30, 4), np.uint8)
    pixels[:10, :, 3] = 255
    data = cv2.imencode(".webp", pixels, LOSSY)[1].tobytes()
    assert data[12:16] == b"VP8X"
    assert image_size(data) == (30, 20)


def test_old_and_top_down_bmp() -> None:
    old = b"BM" + bytes(12) + struct.pack("<IHHHH", 12, 640, 480, 1, 24)
    top_down = b"BM" + bytes(12) + struct.pack("<IiiHH", 40, 640, -480, 1, 24)
    assert image_size(old) == image_size(top_down) == (640, 480)


def test_zero_and_negative_sizes_are_no_size() -> None:
    assert image_size(b"\x89PNG\r\n\x1a\n" + bytes(4) + b"IHDR" + bytes(8)) is None
    assert image_size(b"BM" + bytes(12) + struct.pack("<Iii", 40, -5, 5)) is None


def test_other_formats_are_unknown() -> None:
    assert image_format(b"GIF89a" + bytes(20)) is None
    assert image_format(b"II*\0" + bytes(20)) is None
    assert image_size(b"") is None


@given(
    start=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"RIFF\0\0\0\0WEBPVP8X"]),
    rest=st.binary(max_size=200),
)
def test_any_bytes_give_a_size_or_none(start: bytes, rest: bytes) -> None:
    size = image_size(start + rest)
    assert size is None or min(size) > 0
    is_complete(start + rest)
