"""A converted network on the toolkit's simulator, behind the program's pixel seam."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard
from kiosk.models.heads import merge_heads


class SimulatorRuntime:
    """Has the shape of :class:`kiosk.models.runtime.Runtime`.

    The toolkit cannot simulate a file: only the object that has just built the network can, so
    this one takes it over and releases it.
    """

    def __init__(self, card: ModelCard, toolkit: Any) -> None:
        """``toolkit`` is an RKNN object after ``build``. Raises ModelError."""
        self._card = card
        self._toolkit = toolkit
        if toolkit.init_runtime() != 0:
            raise ModelError(f"{card.name}: the simulator did not start.")
        # The first run prepares the graph, and writes about it where the caller keeps a log.
        self.infer(np.zeros((card.height_px, card.width_px, 3), np.uint8))

    @property
    def card(self) -> ModelCard:
        """The contract of the converted file."""
        return self._card

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        """Run the network on one image; see :meth:`kiosk.models.runtime.Runtime.infer`."""
        card = self._card
        expected = (card.height_px, card.width_px, 3)
        if pixels.shape != expected or pixels.dtype != np.uint8:
            raise ModelError(f"{card.name} takes uint8 {expected}, not {pixels.shape}.")
        ordered = pixels if card.colour_order == "BGR" else pixels[..., ::-1]
        found = self._toolkit.inference(
            inputs=[np.ascontiguousarray(ordered[None])], data_format="nhwc"
        )
        if found is None:
            raise ModelError(f"{card.name} failed to run on the simulator.")
        outputs = [np.asarray(output, np.float32)[0] for output in found]
        if not all(math.isfinite(float(output.sum())) for output in outputs):
            raise ModelError(f"{card.name} returned values that are not numbers.")
        if card.cut_heads:
            return merge_heads(outputs, card.width_px, card.height_px)
        return outputs

    def close(self) -> None:
        """Release the toolkit's object."""
        self._toolkit.release()
