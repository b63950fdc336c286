"""Photographs from files: what is accepted, and the sentence for everything else."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

import kiosk
from kiosk.camera import imagefile
from kiosk.camera.imagefile import read_image
from kiosk.errors import ImageError


def encode(suffix: str, pixels: np.ndarray) -> bytes:
    ok, data = cv2.imencode(suffix, pixels)
    assert ok
    return data.tobytes()


def gradient(height: int = 40, width: int = 60) -> np.ndarray:
    across = np.linspace(0, 255, width, dtype=np.uint8)
    down = np.linspace(0, 255, height, dtype=np.uint8)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = across[None, :]
    pixels[..., 1] = down[:, None]
    pixels[..., 2] = 200
    return pixels


def png_chunk(kind: bytes, data: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + checksum


def black_png(width: int, height: int) -> bytes:
    """Return a valid 1-bit PNG, compressed row by row."""
    squeeze = zlib.compressobj(1)
    row = bytes(1 + (width + 7) // 8)
    picture = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", picture)
        + png_chunk(b"IEND", b"")
    )


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Insert an EXIF segment holding nothing but the orientation tag."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff = b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)
    body = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def run_python(code: str, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENCV_")}
    environment["PYTHONPATH"] = str(Path(kiosk.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_lossless_formats_come_back_exactly(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"face{suffix}"
    path.write_bytes(encode(suffix, gradient()))
    np.testing.assert_array_equal(read_image(path), gradient())


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_lossy_formats_come_back_nearly(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"face{suffix}"
    path.write_bytes(encode(suffix, gradient()))
    difference = np.abs(read_image(path).astype(int) - gradient())
    assert difference.mean() < 8


def test_accepts_a_path_as_text_and_a_name_that_is_not_ascii(tmp_path: Path) -> None:
    path = tmp_path / "Gesicht Jürgen 顔 🙂.png"
    path.write_bytes(encode(".png", gradient()))
    assert read_image(str(path)).shape == (40, 60, 3)


def test_name_that_is_not_utf8_is_read_and_printable(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    path.write_bytes(encode(".png", gradient()))
    assert read_image(path).shape == (40, 60, 3)
    path.write_bytes(b"")
    with pytest.raises(ImageError) as caught:
        read_image(path)
    str(caught.value).encode("utf-8")


@pytest.mark.parametrize(
    ("orientation", "red_corner"),
    [(1, "top left"), (3, "bottom right"), (6, "top right"), (8, "bottom left")],
)
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int, red_corner: str) -> None:
    pixels = np.full((32, 64, 3), 255, np.uint8)
    pixels[:16, :16] = (0, 0, 255)
    path = tmp_path / "turned.jpg"
    path.write_bytes(with_orientation(encode(".jpg", pixels), orientation))
    image = read_image(path)
    assert image.shape == ((64, 32, 3) if orientation in (6, 8) else (32, 64, 3))
    corners = {
        "top left": image[4, 4],
        "top right": image[4, -5],
        "bottom left": image[-5, 4],
        "bottom right": image[-5, -5],
    }
    red = [name for name, colour in corners.items() if colour[0] < 80 and colour[2] > 200]
    assert red == [red_corner]


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    path.write_bytes(encode(".png", np.full((5, 7), 77, np.uint8)))
    np.testing.assert_array_equal(read_image(path), np.full((5, 7, 3), 77, np.uint8))


def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path) -> None:
    path = tmp_path / "deep.png"
    path.write_bytes(encode(".png", np.full((5, 7, 3), 0x8040, np.uint16)))
    image = read_image(path)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image, np.full((5, 7, 3), 0x80, np.uint8))


def test_alpha_is_ignored(tmp_path: Path) -> None:
    pixels = np.dstack([gradient(), np.zeros((40, 60), np.uint8)])
    path = tmp_path / "alpha.png"
    path.write_bytes(encode(".png", pixels))
    np.testing.assert_array_equal(read_image(path), gradient())


def test_one_bit_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "bit.png"
    path.write_bytes(black_png(9, 3))
    np.testing.assert_array_equal(read_image(path), np.zeros((3, 9, 3), np.uint8))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"no file .*gone\.png"):
        read_image(tmp_path / "gone.png")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path)


def test_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "pipe.png"
    os.mkfifo(path)
    with pytest.raises(ImageError, match="not an ordinary file"):
        read_image(path)


def test_null_character_in_the_name() -> None:
    with pytest.raises(ImageError, match="cannot be read"):
        read_image("a\0b.png")


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()
    with pytest.raises(ImageError, match=r"empty\.jpg is empty"):
        read_image(path)


def test_text_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("not a picture")
    with pytest.raises(ImageError, match=r"not an image the program reads\. Use JPEG, PNG"):
        read_image(path)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95])
def test_truncated_file(tmp_path: Path, suffix: str, kept: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    data = encode(suffix, noise)
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(data[: max(16, int(len(data) * kept))])
    with pytest.raises(ImageError, match="damaged or incomplete"):
        read_image(path)


def test_jpeg_cut_behind_a_thumbnail_is_noticed(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    thumbnail = encode(".jpg", noise[:8, :8])
    segment = b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    data = encode(".jpg", noise)
    whole = data[:2] + segment + data[2:]
    path = tmp_path / "cut.jpg"
    path.write_bytes(whole)
    assert read_image(path).shape == (90, 120, 3)
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(ImageError, match="damaged or incomplete"):
        read_image(path)


def test_flipped_byte_in_a_png(tmp_path: Path) -> None:
    data = bytearray(encode(".png", gradient()))
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "flipped.png"
    path.write_bytes(bytes(data))
    with pytest.raises(ImageError, match="damaged or incomplete"):
        read_image(path)


def test_huge_picture_is_refused_from_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(black_png(20_000, 20_000))
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="20000 x 20000 pixels, more than 50 megapixels"):
            read_image(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 4_000_000


def test_huge_picture_is_refused_when_opencv_was_imported_first(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(black_png(20_000, 20_000))
    code = (
        "import sys, cv2\n"
        "from kiosk.camera.imagefile import read_image\n"
        "from kiosk.errors import ImageError\n"
        "try: read_image(sys.argv[1])\n"
        "except ImageError as error: print(error)\n"
    )
    assert "more than 50 megapixels" in run_python(code, str(path))


def test_importing_the_package_sets_opencvs_own_limit(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(black_png(8000, 7000))
    code = (
        "import sys, kiosk, cv2\n"
        "try: print(cv2.imread(sys.argv[1]).shape)\n"
        "except (cv2.error, AttributeError): print('refused')\n"
    )
    assert run_python(code, str(path)).strip() == "refused"


def test_file_above_the_size_cap_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagefile, "MAX_FILE_BYTES", 2 * 1024 * 1024)
    path = tmp_path / "big.png"
    with open(path, "wb") as file:
        file.truncate(2 * 1024 * 1024 + 1)
    with pytest.raises(ImageError, match="larger than 2 MB"):
        read_image(path)
