"""Runs a PyTorch network behind the program's pixel seam, to measure it before it is exported."""

from __future__ import annotations

import numpy as np
import torch
from augment import as_input
from numpy.typing import NDArray
from torch import nn

from kiosk.domain import Pixels
from kiosk.models.card import ModelCard


class TorchRuntime:
    """Has the shape of :class:`kiosk.models.runtime.Runtime`."""

    def __init__(self, model: nn.Module, card: ModelCard) -> None:
        self._model = model.eval()
        self._card = card

    @property
    def card(self) -> ModelCard:
        """The contract of the network."""
        return self._card

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        """Run the network on one image; see :meth:`kiosk.models.runtime.Runtime.infer`."""
        card = self._card
        with torch.no_grad():
            found = self._model(
                as_input(pixels[None], card.mean, card.std[0], card.colour_order == "RGB")
            )
        outputs = found if isinstance(found, tuple) else (found,)
        return [output[0].numpy() for output in outputs]

    def close(self) -> None:
        """Nothing to free by hand."""
