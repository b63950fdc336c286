"""The seam between the program and whatever executes a network."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.models.card import ModelCard


class Runtime(Protocol):
    """One loaded network. Used by one thread at a time."""

    @property
    def card(self) -> ModelCard:
        """The contract this network was loaded with."""

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        """Run the network on one image.

        ``pixels`` has shape (height_px, width_px, 3) of the card, dtype uint8, BGR. Returns the
        outputs in the network's order, batch dimension removed, dtype float32, all finite.
        Raises ModelError when the image does not fit the card or the run fails.
        """

    def close(self) -> None:
        """Free the network."""
