"""Faces to look at: the drawn one, the photographed ones, and points on a head of known pose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.domain import Box, Detection, Frame, HeadPose, Pixels
from kiosk.drawnface import draw_face
from kiosk.facemodels import load_detector
from kiosk.models.pack import import_pack
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.head_pose import SHAPE, rotation_matrix


@pytest.fixture(scope="session")
def detector(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> RetinaFaceDetector:
    """The real detector."""
    models = tmp_path_factory.mktemp("models")
    return load_detector(import_pack(shared / "models", models, lambda pack: None), 0.6)


@pytest.fixture
def make_detection() -> Callable[..., Detection]:
    """Make a frontal, upright face from its box."""

    def make(left: float, top: float, right: float, bottom: float) -> Detection:
        x, y, width, height = left, top, right - left, bottom - top
        places = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]
        landmarks = np.array([(x + a * width, y + b * height) for a, b in places], np.float32)
        return Detection(Box(left, top, right, bottom), landmarks, 0.99)

    return make


@pytest.fixture(scope="session")
def landmarks_of() -> Callable[..., NDArray[np.float32]]:
    """Project the mean face, turned, in weak perspective."""

    def project(
        pose: HeadPose, scale: float = 60.0, centre: tuple[float, float] = (320.0, 240.0)
    ) -> NDArray[np.float32]:
        turned = SHAPE @ rotation_matrix(pose).T
        return (turned[:, :2] * scale + centre).astype(np.float32)

    return project


class DrawnFace:
    """The drawn face with its landmarks as drawn, so that no network is needed to find it."""

    def __init__(self, size_px: int, face_px: float) -> None:
        self.face_px = face_px
        self.pixels = draw_face(size_px, size_px, face_px)
        middle = size_px / 2
        places = [(-0.2, -0.11), (0.2, -0.11), (0.03, 0.1), (-0.14, 0.3), (0.14, 0.3)]
        points = np.array(places, np.float32) * face_px + np.float32(middle)
        box = Box(
            middle - 0.45 * face_px,
            middle - 0.6 * face_px,
            middle + 0.45 * face_px,
            middle + 0.6 * face_px,
        )
        self.detection = Detection(box, points, 1.0)

    def frame(self, change: Callable[[Pixels], NDArray[np.generic]] | None = None) -> Frame:
        pixels = self.pixels if change is None else change(self.pixels)
        return Frame(np.clip(pixels, 0, 255).astype(np.uint8), 0)


@pytest.fixture(scope="session")
def drawn_face() -> DrawnFace:
    return DrawnFace(640, 300)


@pytest.fixture(scope="session")
def make_drawn_face() -> type[DrawnFace]:
    return DrawnFace
