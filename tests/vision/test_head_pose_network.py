"""The head-pose network's own part: its square, its points and its degrees."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.domain import Detection, Frame, HeadPose, Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.vision.head_pose_network import HeadPoseNetwork

CARD = ModelCard(
    name="scripted",
    version="1",
    role=Role.HEAD_POSE,
    architecture="headpose64",
    file="none.onnx",
    sha256="0" * 64,
    precision="fp32",
    width_px=64,
    height_px=64,
    colour_order="BGR",
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
)


class BrightSpot:
    """Finds the brightest pixel and says that eyes and nose are there; angles are scripted."""

    def __init__(self, angles: list[float], card: ModelCard = CARD) -> None:
        self.card = card
        self._angles = angles

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        assert pixels.shape == (64, 64, 3)
        row, column = np.unravel_index(pixels.sum(-1).argmax(), (64, 64))
        place = [(column + 0.5) / 64, (row + 0.5) / 64]
        return [np.array([*place * 3, *self._angles], np.float32)]

    def close(self) -> None:
        pass


@pytest.mark.parametrize("spot", [(330, 240), (300, 200), (6, 3), (636, 470)])
def test_points_come_back_where_they_are_in_the_frame(
    make_detection: Callable[..., Detection], spot: tuple[int, int]
) -> None:
    x, y = spot
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[y - 1 : y + 2, x - 1 : x + 2] = 120
    pixels[y, x] = 255
    face = make_detection(x - 45, y - 60, x + 35, y + 40)

    found = HeadPoseNetwork(BrightSpot([0, 0, 0])).estimate(Frame(pixels, 0), face)

    # Within the size of one of the network's pixels: 1.25 × 100 / 64.
    assert np.abs(found.points - (x, y)).max() <= 1.25 * 100 / 64
    assert found.points.shape == (3, 2)


def test_angles_are_in_degrees(make_detection: Callable[..., Detection]) -> None:
    frame = Frame(np.zeros((480, 640, 3), np.uint8), 0)
    network = HeadPoseNetwork(BrightSpot([0.5, -0.25, 0.1]))

    found = network.estimate(frame, make_detection(200, 100, 300, 220))

    wanted = HeadPose(45.0, -22.5, 9.0)
    assert dataclasses.astuple(found.pose) == pytest.approx(dataclasses.astuple(wanted), abs=1e-5)


def test_another_number_of_values_is_a_fault(make_detection: Callable[..., Detection]) -> None:
    frame = Frame(np.zeros((480, 640, 3), np.uint8), 0)
    with pytest.raises(ModelError, match="10 values, not 9"):
        HeadPoseNetwork(BrightSpot([0, 0, 0, 0])).estimate(
            frame, make_detection(200, 100, 300, 220)
        )


def test_a_card_that_is_not_square_is_refused() -> None:
    with pytest.raises(ModelError, match="squares"):
        HeadPoseNetwork(BrightSpot([0, 0, 0], dataclasses.replace(CARD, height_px=80)))
