"""Measuring thresholds: who is compared with whom, and what becomes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.calibration import measure_thresholds
from kiosk.domain import Embedding, FaceReport, Frame, Guidance, ModelId, Outcome
from kiosk.errors import ModelError
from kiosk.facemodels import load_face_models
from kiosk.models.pack import import_pack
from kiosk.photolist import Photo
from kiosk.pipeline import Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.vision.quality import ENROLMENT, GateLimits

MODEL = ModelId("fake", "1", "fp32")
SIZE = 8


class AnglePipeline:
    """Makes an embedding from a picture's colours; a black picture is refused."""

    def examine(self, frame: Frame, limits: GateLimits | None = None) -> FaceReport:
        assert limits is ENROLMENT
        refused = not frame.pixels.any()
        outcome = Outcome.REFUSED if refused else Outcome.UNKNOWN
        return FaceReport(
            (),
            None,
            None,
            None,
            Guidance.MORE_LIGHT if refused else None,
            None if refused else self.template(frame, None),
            None,
            None,
            outcome,
        )

    def template(self, frame: Frame, report: FaceReport | None) -> Embedding:
        vector = frame.pixels[:, :, 0].astype(np.float64).mean(0) - 128
        return Embedding((vector / np.linalg.norm(vector)).astype(np.float32), MODEL)


def write(folder: Path, name: str, columns: np.ndarray) -> Path:
    pixels = np.repeat(np.clip(columns, 1, 255)[None, :, None], SIZE, 0).repeat(3, 2)
    cv2.imwrite(str(folder / name), pixels.astype(np.uint8))
    return folder / name


@pytest.fixture
def photos(tmp_path: Path) -> list[Photo]:
    """Twenty-five people with two pictures each."""
    rng = np.random.default_rng(6)
    made = []
    for person in range(25):
        face = rng.normal(128, 40, SIZE)
        for shot in range(2):
            name = f"{person}-{shot}.png"
            path = write(tmp_path, name, face + rng.normal(0, 6, SIZE))
            made.append(Photo(f"P{person}", name, path))
    return made


def measure(photos: list[Photo], progress: Any = None) -> Any:
    return measure_thresholds(
        AnglePipeline(),  # type: ignore[arg-type]
        MODEL,
        photos,
        "drawn",
        progress,
    )


def test_only_different_people_are_impostors(photos: list[Photo]) -> None:
    run = measure(photos)

    assert (run.used, run.refused) == (50, 0)
    assert run.calibration.impostor_pairs == 50 * 48
    assert run.calibration.genuine_pairs == 50
    assert run.calibration.people == 25
    assert run.calibration.model == MODEL
    assert run.calibration.source == "drawn"


def test_a_persons_own_pictures_do_not_raise_the_threshold(photos: list[Photo]) -> None:
    one_each = measure(photos[::2]).calibration
    two_each = measure(photos).calibration

    # Genuine pairs are alike to 0.95 and more; impostors are random.
    assert two_each.threshold(0.1) < 0.75
    assert two_each.threshold(0.1) == pytest.approx(one_each.threshold(0.1), abs=0.1)


def test_the_measured_rate_is_kept_by_the_measured_pairs(photos: list[Photo]) -> None:
    calibration = measure(photos).calibration
    pipeline = AnglePipeline()
    vectors = np.stack(
        [pipeline.template(Frame(cv2.imread(str(p.file)), 0), None).vector for p in photos]
    )
    people = np.array([photo.person for photo in photos])
    impostors = (vectors @ vectors.T)[people[:, None] != people[None, :]]

    for point in calibration.points:
        assert (impostors >= point.cosine).mean() < point.fmr


def test_refused_and_unreadable_pictures_are_left_out(photos: list[Photo], tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((SIZE, SIZE, 3), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    bad = [
        Photo("P0", name, tmp_path / name) for name in ("black.png", "broken.png", "missing.png")
    ]
    steps: list[tuple[int, int]] = []

    run = measure([*bad, *photos, *bad], lambda done, total: steps.append((done, total)))

    assert (run.used, run.refused) == (50, 6)
    assert run.calibration == measure(photos).calibration
    assert steps[-1] == (56, 56)


def test_too_few_people_are_refused(photos: list[Photo]) -> None:
    with pytest.raises(ModelError, match="several people"):
        measure(photos[:2])
    with pytest.raises(ModelError, match="several people"):
        measure([])
    with pytest.raises(ModelError, match="photographs of more people"):
        measure(photos[:8])


def test_real_networks_on_real_photographs_agree_with_the_shipped_table(
    shared: Path, tmp_path: Path
) -> None:
    import_pack(shared / "models", tmp_path, lambda pack: None)
    models = load_face_models(tmp_path, 0.6)
    pipeline = Pipeline(
        models, Gallery.empty(models.embedder.model), VisitDecider(VisitRules()), 0.005, 0.05
    )
    folders = sorted((shared / "faces" / "lfw").iterdir())[600:680]
    photos = [Photo(f.name, f.name, sorted(f.glob("*.jpg"))[0]) for f in folders]

    run = measure_thresholds(pipeline, models.embedder.model, photos, "LFW")

    assert run.used >= 60
    for fmr in (1e-1, 1e-2):
        measured = run.calibration.threshold(fmr)
        assert measured == pytest.approx(models.calibration.threshold(fmr), abs=0.05)
