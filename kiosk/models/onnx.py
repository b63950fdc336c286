"""Networks on a PC: ONNX Runtime behind the pixel seam. The only file that imports it."""

from __future__ import annotations

import math
import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard

# Since 1.29 ONNX Runtime writes an identifier of the machine and sends usage data to its maker
# unless it is told not to before it is loaded. A door tells nobody about its work.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime


class OnnxRuntime:
    """One ONNX network on the CPU; normalises as its card says, then runs it."""

    def __init__(self, card: ModelCard, path: Path, threads: int = 1) -> None:
        """Load ``path``. One thread by default: the other cores belong to camera and screen.

        Raises ModelError when the file cannot be loaded or does not have the card's shape.
        """
        self._card = card
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning workers steal the CPU from the camera and the screen between two frames.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime raises its own, unrelated classes
            raise ModelError(f"{path.name} cannot be loaded: {error}.") from error
        inputs = self._session.get_inputs()
        wanted = (3, card.height_px, card.width_px)
        if len(inputs) != 1 or tuple(inputs[0].shape[1:]) != wanted:
            found = [tuple(item.shape) for item in inputs]
            raise ModelError(f"{path.name} takes {found}, but its card says one input 1×{wanted}.")
        self._input_name = inputs[0].name
        self._blob = cv2.dnn.Image2BlobParams()
        # Applied after the channels are swapped: in the network's own order, as on the card.
        self._blob.swapRB = card.colour_order == "RGB"
        self._blob.mean = card.mean
        self._blob.scalefactor = tuple(1.0 / value for value in card.std)
        self._blob.ddepth = cv2.CV_32F

    @property
    def card(self) -> ModelCard:
        return self._card

    @property
    def session(self) -> onnxruntime.InferenceSession:
        """The bare network, for the benchmark."""
        return self._session

    def normalise(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return the network's input for an image: float32, shape (1, 3, height, width).

        Raises ModelError when the image does not fit the card.
        """
        expected = (self._card.height_px, self._card.width_px, 3)
        if pixels.shape != expected or pixels.dtype != np.uint8:
            raise ModelError(
                f"{self._card.name} takes uint8 {expected}, not {pixels.dtype} {pixels.shape}."
            )
        blob: NDArray[np.float32] = cv2.dnn.blobFromImageWithParams(pixels, self._blob)
        return blob

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        blob = self.normalise(pixels)
        try:
            found = self._session.run(None, {self._input_name: blob})
            outputs = [np.asarray(output, np.float32)[0] for output in found]
        except Exception as error:
            raise ModelError(f"{self._card.name} failed to run: {error}.") from error
        # A sum is finite only if every value is, and needs no second array.
        if not all(math.isfinite(float(output.sum())) for output in outputs):
            raise ModelError(f"{self._card.name} returned values that are not numbers.")
        return outputs

    def close(self) -> None:
        """Nothing to free by hand: the session goes with the object."""
