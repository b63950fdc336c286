"""Passive liveness: is this a face, or a photograph of one on paper or on a screen?

One look at one frame: the network sees the face with its surroundings, where paper has edges and
a telephone has a frame: 2.7 times the face box, 80×80 px, and says logits for print, live and
screen. Which part of the frame that is depends on how the network was trained.
"""

from __future__ import annotations

import numpy as np

from kiosk.domain import Box, Detection, Frame, Liveness, Pixels
from kiosk.errors import ModelError
from kiosk.models.runtime import Runtime
from kiosk.vision.boxcrop import crop_box
from kiosk.vision.squarecrop import crop_square

CROP_FACTOR = 2.7
"""Sides of what the network sees, in sides of the face box (a square: in its longer sides)."""

SQUARE, BOX = "liveness80", "minifasnet80"
"""Architectures: with a square around the face whose edges may be repeated, and MiniFASNet with
the box's own shape (:mod:`kiosk.vision.boxcrop`)."""
ARCHITECTURES = (SQUARE, BOX)


class LivenessNetwork:
    """Wraps one network of one of the ARCHITECTURES."""

    def __init__(self, runtime: Runtime) -> None:
        """Raises ModelError when the card's input is not square."""
        card = runtime.card
        if card.width_px != card.height_px:
            raise ModelError(f"{card.name}: the liveness network sees squares, its card says none.")
        self._runtime = runtime
        self._is_square = card.architecture == SQUARE
        self._size_px = card.width_px
        self.name = card.name
        self.min_live = card.min_live
        """The probability of a live face from which on a frame may be used; from the card."""

    def judge(self, frame: Frame, detection: Detection) -> Liveness:
        """Say how likely the face in ``frame`` is live, printed or shown on a screen.

        Raises ModelError when the network fails or gives anything but three values, and
        ValueError when the detection's box is none.
        """
        crop = self._crop(frame.pixels, detection.box)
        logits = self._runtime.infer(crop)[0].astype(np.float64).ravel()
        if logits.size != 3:
            raise ModelError(f"{self._runtime.card.name} gave {logits.size} values, not 3 classes.")
        weights = np.exp(logits - logits.max())
        shares = (weights / weights.sum()).tolist()
        return Liveness(live=shares[1], print=shares[0], screen=shares[2])

    def _crop(self, pixels: Pixels, box: Box) -> Pixels:
        if self._is_square:
            return crop_square(pixels, box, CROP_FACTOR, self._size_px).pixels
        return crop_box(pixels, box, CROP_FACTOR, self._size_px)


def in_words(liveness: Liveness | None) -> str:
    """Return what was seen instead of a face, for the log."""
    if liveness is None:
        return ""
    kind = "screen" if liveness.screen > liveness.print else "photograph"
    return f"{kind} (live {liveness.live:.2f})"
