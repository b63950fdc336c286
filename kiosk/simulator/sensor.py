"""What a camera makes of a lit scene: exposure, blur and noise.

Pictures are gamma-encoded; light adds up in linear light. The code uses the pure power law of
exponent 2.2, so that a quarter of the light is exactly a quarter after decoding.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.simulator.scene import Light, Scene

GAMMA = 2.2
MAX_LEVEL = 64.0
MAX_BLUR_PX = 100.0
MAX_NOISE = 64.0
_READ_SHARE = 0.35
"""Share of the variance at mid-grey that is there without light."""
_BANK_PIXELS = 1 << 20
_BANK_UNIT = 32
"""Steps of the stored noise to one standard deviation."""
_CHANNEL_SHARED = 0.4
"""Share of the noise variance common to the channels: each pixel's colours are interpolated."""


@dataclass(frozen=True, slots=True, eq=False)
class Glow:
    """Part of a picture that shines by itself: the room's light does not change it.

    ``strength`` has shape (height, width), dtype uint8, 255 where all light is its own; its
    top-left pixel lies at (``left``, ``top``) of the frame and it lies inside the frame.
    """

    left: int
    top: int
    strength: NDArray[np.uint8]

    def hidden_by(self, cover: NDArray[np.uint8], left: int = 0, top: int = 0) -> Glow:
        """Return the glow that is left once something nearer is drawn over it.

        ``cover`` (height, width) is 255 where the nearer thing is opaque; its top-left pixel lies
        at (``left``, ``top``) of the frame.
        """
        x0, y0 = max(self.left, left), max(self.top, top)
        x1 = min(self.left + self.strength.shape[1], left + cover.shape[1])
        y1 = min(self.top + self.strength.shape[0], top + cover.shape[0])
        if x0 >= x1 or y0 >= y1:
            return self
        strength = self.strength.copy()
        part = strength[y0 - self.top : y1 - self.top, x0 - self.left : x1 - self.left]
        over = cover[y0 - top : y1 - top, x0 - left : x1 - left]
        part[:] = cv2.multiply(part, cv2.bitwise_not(over), scale=1 / 255)
        return Glow(self.left, self.top, strength)


def expose(pixels: Pixels, scene: Scene, glows: Sequence[Glow] = ()) -> Pixels:
    """Return the frame that the camera delivers of ``pixels``, the scene in normal light.

    Light level and warmth are applied in linear light with a soft shoulder above normal level,
    then blur of movement and of the lens, then noise of variance r² + k·signal whose standard
    deviation is ``scene.noise`` at a signal of 128. ``pixels`` is not changed. The same scene
    gives the same frame. Raises ValueError when a value of the scene is impossible or the picture
    is not (height, width, 3) uint8.
    """
    _check(pixels, scene)
    frame = _lit(pixels, scene.light)
    for glow in glows:
        _shine(frame, pixels, glow)
    if scene.motion_px > 0:
        frame = cv2.filter2D(
            frame,
            -1,
            motion_kernel(scene.motion_px, scene.motion_deg),
            borderType=cv2.BORDER_REPLICATE,
        )
    if scene.defocus_px > 0.1:
        frame = cv2.GaussianBlur(frame, (0, 0), scene.defocus_px, borderType=cv2.BORDER_REPLICATE)
    if scene.noise > 0.05:
        frame = _noisy(frame, scene.noise, scene.seed)
    return frame


def channel_gains(light: Light) -> tuple[float, float, float]:
    """Return the factors on blue, green and red in linear light; grey keeps its luma (Rec. 709)."""
    blue, green, red = math.exp(-0.45 * light.warmth), 1.0, math.exp(0.3 * light.warmth)
    luma = 0.0722 * blue + 0.7152 * green + 0.2126 * red
    scale = light.level / luma
    return blue * scale, green * scale, red * scale


def motion_kernel(length_px: float, direction_deg: float) -> NDArray[np.float32]:
    """Return the square kernel of a straight even movement, sum 1, centred.

    ``direction_deg`` is 0 along x and 90 along y. The line is spread over the pixels bilinearly.
    Raises ValueError when the length is not between 0 and :data:`MAX_BLUR_PX`.
    """
    require("motion_px", length_px, 0.0, MAX_BLUR_PX)
    require("motion_deg", direction_deg, -1e6, 1e6)
    radius = math.ceil(length_px / 2) + 1
    steps = max(int(length_px * 8), 1)
    along = ((np.arange(steps) + 0.5) / steps - 0.5) * length_px
    x = along * math.cos(math.radians(direction_deg)) + radius
    y = along * math.sin(math.radians(direction_deg)) + radius
    column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    right, down = x - column, y - row
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1))
    np.add.at(kernel, (row, column), (1 - right) * (1 - down))
    np.add.at(kernel, (row, column + 1), right * (1 - down))
    np.add.at(kernel, (row + 1, column), (1 - right) * down)
    np.add.at(kernel, (row + 1, column + 1), right * down)
    kernel /= kernel.sum()
    return kernel.astype(np.float32)


# --- light ------------------------------------------------------------------------------------


def _lit(pixels: Pixels, light: Light) -> Pixels:
    frame: Pixels = pixels.copy()
    if light.level != 1.0 or light.warmth != 0.0:
        cv2.LUT(pixels, _light_table(channel_gains(light)), dst=frame)
    return frame


@functools.lru_cache(maxsize=64)
def _light_table(gains: tuple[float, float, float]) -> NDArray[np.uint8]:
    linear = (np.arange(256) / 255) ** GAMMA
    table: NDArray[np.uint8] = np.empty((1, 256, 3), np.uint8)
    for channel, gain in enumerate(gains):
        encoded = _shoulder(linear * gain, gain) ** (1 / GAMMA)
        table[0, :, channel] = np.clip(np.rint(encoded * 255), 0, 255)
    return table


def _shoulder(linear: NDArray[np.float64], gain: float) -> NDArray[np.float64]:
    """Bend what is brighter than a knee towards white; the knee sinks as the gain rises above 1."""
    if gain <= 1:
        return linear
    knee = 1 - 0.4 * min(gain - 1, 1.0)
    room = 1 - knee
    excess = np.maximum(linear - knee, 0)
    return np.where(linear < knee, linear, knee + room * (1 - np.exp(-excess / room)))


def _shine(frame: Pixels, pixels: Pixels, glow: Glow) -> None:
    height, width = glow.strength.shape
    part = (slice(glow.top, glow.top + height), slice(glow.left, glow.left + width))
    if glow.left < 0 or glow.top < 0 or frame[part].shape[:2] != glow.strength.shape:
        raise ValueError("a glow must lie inside the frame")
    share = cv2.cvtColor(glow.strength, cv2.COLOR_GRAY2BGR)
    frame[part] = cv2.add(
        cv2.multiply(frame[part], cv2.bitwise_not(share), scale=1 / 255),
        cv2.multiply(pixels[part], share, scale=1 / 255),
    )


# --- noise ------------------------------------------------------------------------------------


def _noisy(frame: Pixels, noise: float, seed: int) -> Pixels:
    table, shift = _noise_table(noise)
    bank = _noise_bank()
    count = frame.shape[0] * frame.shape[1]
    start = int(np.random.default_rng(seed % (1 << 64)).integers(0, _BANK_PIXELS))
    if start + count <= _BANK_PIXELS:
        normal = bank[start : start + count]
    else:
        normal = np.take(bank, np.arange(start, start + count), axis=0, mode="wrap")
    # 16-bit fixed point: the table holds deviations up to 255 steps, the bank up to ±127.
    grain = cv2.LUT(frame, table)
    grain *= normal.reshape(frame.shape)
    grain += 1 << (shift - 1)
    grain >>= shift
    return cv2.add(frame, grain, dtype=cv2.CV_8U)  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=64)
def _noise_table(noise: float) -> tuple[NDArray[np.int16], int]:
    """Return the deviation at each signal in steps, and the binary digits to drop afterwards."""
    variance = noise**2 * (_READ_SHARE + (1 - _READ_SHARE) * np.arange(256) / 128)
    deviation = np.sqrt(variance)
    digits = max(min(int(math.log2(255 / deviation[-1])), 4), 0)
    table = np.minimum(np.rint(deviation * (1 << digits)), 255).astype(np.int16)
    return table, digits + int(math.log2(_BANK_UNIT))


@functools.lru_cache(maxsize=1)
def _noise_bank() -> NDArray[np.int16]:
    rng = np.random.default_rng(20_220)
    own = rng.standard_normal((_BANK_PIXELS, 3), np.float32)
    shared = rng.standard_normal((_BANK_PIXELS, 1), np.float32)
    normal = own * math.sqrt(1 - _CHANNEL_SHARED) + shared * math.sqrt(_CHANNEL_SHARED)
    bank: NDArray[np.int16] = np.clip(np.rint(normal * _BANK_UNIT), -127, 127).astype(np.int16)
    bank.flags.writeable = False
    return bank


# --- checks -----------------------------------------------------------------------------------


def _check(pixels: Pixels, scene: Scene) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError("the picture must be (height, width, 3) uint8 and not empty")
    require("light.level", scene.light.level, 0.0, MAX_LEVEL)
    require("light.warmth", scene.light.warmth, -1.0, 1.0)
    require("noise", scene.noise, 0.0, MAX_NOISE)
    require("defocus_px", scene.defocus_px, 0.0, MAX_BLUR_PX)
    require("motion_px", scene.motion_px, 0.0, MAX_BLUR_PX)
    require("motion_deg", scene.motion_deg, -1e6, 1e6)


def require(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless ``value`` is a number between the limits."""
    # A chained comparison is False for NaN.
    if not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}, not {value}")
