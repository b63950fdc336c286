"""Format and size of an image file from its first bytes, before anything is decoded.

A few kilobytes can declare billions of pixels, and OpenCV's own limit holds only when it was set
before cv2 was imported; so the size is read here first, for the formats the program accepts.
"""

from __future__ import annotations

import struct

FORMATS = ("JPEG", "PNG", "BMP", "WebP")
"""What :func:`image_format` knows."""

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BMP_CORE_HEADER_BYTES = 12
# Start-of-frame markers C0-CF, without DHT (C4), JPG (C8) and DAC (CC), which share the range.
_JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_START_OF_SCAN = 0xDA
_JPEG_END_OF_IMAGE = b"\xff\xd9"
_JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})


def image_format(data: bytes) -> str | None:
    """Name the format by its signature; None when it is none of :data:`FORMATS`."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(_PNG_SIGNATURE):
        return "PNG"
    if data.startswith(b"BM"):
        return "BMP"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    return None


def image_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) in pixels as the header declares; None when the header is damaged."""
    readers = {"JPEG": _jpeg_size, "PNG": _png_size, "BMP": _bmp_size, "WebP": _webp_size}
    name = image_format(data)
    if name is None:
        return None
    try:
        size = readers[name](data)
    except (struct.error, IndexError):
        return None
    return size if size is not None and min(size) > 0 else None


def is_complete(data: bytes) -> bool:
    """Return False for a JPEG that was cut off, which decoders fill up with grey.

    Cut files of the other formats are refused by every decoder, so they count as complete here.
    """
    if image_format(data) != "JPEG":
        return True
    frame = _jpeg_frame_offset(data)
    # Thumbnails inside EXIF end with the same marker, but lie before the frame header.
    return frame is not None and data.rfind(_JPEG_END_OF_IMAGE) > frame


def _png_size(data: bytes) -> tuple[int, int] | None:
    if data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    offset = _jpeg_frame_offset(data)
    if offset is None:
        return None
    height, width = struct.unpack_from(">HH", data, offset + 5)
    return width, height


def _jpeg_frame_offset(data: bytes) -> int | None:
    """Find the start-of-frame segment by walking the segments before the picture data."""
    offset = 2
    while offset + 4 <= len(data):
        if data[offset] != 0xFF:
            return None
        marker = data[offset + 1]
        if marker == 0xFF:  # fill byte
            offset += 1
        elif marker in _JPEG_FRAME_MARKERS:
            return offset
        elif marker == _JPEG_START_OF_SCAN:
            return None
        elif marker in _JPEG_BARE_MARKERS:
            offset += 2
        else:
            length = struct.unpack_from(">H", data, offset + 2)[0]
            offset += 2 + length
    return None


def _bmp_size(data: bytes) -> tuple[int, int] | None:
    header_bytes = struct.unpack_from("<I", data, 14)[0]
    if header_bytes == _BMP_CORE_HEADER_BYTES:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)  # a negative height means that the top row comes first


def _webp_size(data: bytes) -> tuple[int, int] | None:
    chunk = data[12:16]
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if chunk == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8X" and len(data) >= 30:
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return width, height
    return None
