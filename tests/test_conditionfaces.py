"""Looking at photographs as they are and spoiled, and what the gates make of them."""

from __future__ import annotations

import dataclasses
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.calibrationsample import AS_IS, MASKED, Samples
from kiosk.conditionfaces import EVALUATED, MASK, faces_of, is_usable, look_at, noted
from kiosk.degradation import kind
from kiosk.domain import (
    Box,
    Conditions,
    Detection,
    Embedding,
    FaceReport,
    Frame,
    Guidance,
    HeadPose,
    ModelId,
    Outcome,
)
from kiosk.photolist import Photo
from kiosk.recognition.thresholds import flat_calibration
from kiosk.vision.quality import DOOR, GateLimits

MODEL = ModelId("fake", "1", "fp32")
BOX = Box(80, 80, 170, 190)
POINTS = np.array([[105, 115], [145, 115], [125, 135], [108, 160], [142, 160]], np.float32)


class BrightnessPipeline:
    """Sees a face whose luminance is that of the picture; below 8 it finds none."""

    def __init__(self, rivals: tuple[Detection, ...] = ()) -> None:
        self.rivals = rivals
        self.looks: list[int] = []

    def examine(self, frame: Frame, limits: GateLimits | None = None) -> FaceReport:
        self.looks.append(frame.captured_at_ns)
        level = float(frame.pixels.mean())
        if level < 8:
            return FaceReport(
                (), None, None, None, Guidance.NO_FACE, None, None, None, Outcome.REFUSED
            )
        conditions = Conditions(40, level, 40, 0.0, 0.05, 2.0, 0.9, 1.0)
        pose, face = HeadPose(0, 0, 0), Detection(BOX, POINTS, 0.9)
        vector = np.array([level, 1.0], np.float32)
        embedding = Embedding(vector / np.linalg.norm(vector), MODEL, 8.0, conditions, pose)
        return FaceReport(
            (face, *self.rivals), face, pose, conditions, None, embedding, None, None,
            Outcome.UNKNOWN,
        )  # fmt: skip

    def template(self, frame: Frame, report: FaceReport) -> Embedding:
        assert report.embedding is not None
        return report.embedding

    def masked_template(self, frame: Frame, report: FaceReport) -> Embedding:
        return self.template(frame, report)


def photo(folder: Path, person: str, level: int) -> Photo:
    name = f"{person}-{level}.png"
    cv2.imwrite(str(folder / name), np.full((250, 250, 3), level, np.uint8))
    return Photo(person, name, folder / name)


def test_the_first_picture_of_each_person_is_spoiled(tmp_path: Path) -> None:
    photos = [photo(tmp_path, "Anna", 120), photo(tmp_path, "Anna", 140), photo(tmp_path, "Bo", 90)]
    steps: list[tuple[int, int]] = []
    kinds = (kind("dark-0.25"), kind("dark-0.1"), MASK)

    faces = look_at(
        BrightnessPipeline(),  # type: ignore[arg-type]
        photos,
        kinds,
        lambda done, total: steps.append((done, total)),
    )

    names = [AS_IS, "dark-0.25", "dark-0.1", MASKED]
    assert [(face.person, face.photo, face.kind) for face in faces] == [
        *(("Anna", 0, name) for name in names),
        ("Anna", 1, AS_IS),
        *(("Bo", 2, name) for name in names),
    ]
    assert [face.is_first for face in faces if face.kind == AS_IS] == [True, False, True]
    assert [face.at_door for face in faces if face.kind == AS_IS] == [True] * 3
    dark = [face.at_door for face in faces if face.kind == "dark-0.1"]
    assert dark == [level / 10 >= DOOR.min_luminance for level in (120, 90)]
    assert all((face.template is not None) == (face.kind == AS_IS) for face in faces)
    assert all((face.masked_template is not None) == (face.kind == AS_IS) for face in faces)
    assert steps[-1] == (3, 3)


def test_a_face_that_is_lost_when_spoiled_stays_in_the_count(tmp_path: Path) -> None:
    faces = look_at(
        BrightnessPipeline(),  # type: ignore[arg-type]
        [photo(tmp_path, "Bo", 70)],
        (kind("dark-0.1"),),
    )

    assert [(face.kind, face.probe is None) for face in faces] == [
        (AS_IS, False),
        ("dark-0.1", True),
    ]


def test_a_picture_too_dark_to_enrol_is_no_template(tmp_path: Path) -> None:
    (face,) = look_at(
        BrightnessPipeline(),  # type: ignore[arg-type]
        [photo(tmp_path, "Bo", 50)],
        (),
    )

    assert face.at_door
    assert face.template is None and face.masked_template is None


def test_a_second_face_is_refused_as_at_the_door(tmp_path: Path) -> None:
    beside = Detection(Box(85, 80, 175, 190), POINTS, 0.9)
    (face,) = look_at(
        BrightnessPipeline((beside,)),  # type: ignore[arg-type]
        [photo(tmp_path, "Bo", 120)],
        (),
    )

    assert not face.at_door and face.template is None


def test_files_that_are_no_pictures_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    bad = Photo("Anna", "text.png", tmp_path / "text.png")
    good = photo(tmp_path, "Anna", 120)

    faces = look_at(
        BrightnessPipeline(),  # type: ignore[arg-type]
        [bad, good],
        (MASK,),
    )

    assert [(face.photo, face.kind) for face in faces] == [(1, AS_IS), (1, MASKED)]


def test_the_same_photographs_give_the_same_faces(tmp_path: Path) -> None:
    photos = [photo(tmp_path, "Anna", 120)]
    kinds = (kind("noise-20"), MASK)
    one, other = (
        look_at(BrightnessPipeline(), photos, kinds)  # type: ignore[arg-type]
        for _ in range(2)
    )

    for first, second in zip(one, other, strict=True):
        assert first.probe is not None and second.probe is not None
        np.testing.assert_array_equal(first.probe.vector, second.probe.vector)


def test_every_named_kind_and_a_mask_are_evaluated() -> None:
    assert len(EVALUATED) > 30
    assert AS_IS not in [kind.group for kind in EVALUATED]
    assert EVALUATED[-1] is MASK


# --- faces of a calibration --------------------------------------------------------------------


def test_samples_become_faces(crowd: types.ModuleType) -> None:
    samples = crowd.Crowd(3, photos=2).samples()
    faces = faces_of(samples)

    assert [(f.person, f.kind) for f in faces] == [(s.person, s.group) for s in samples.faces]
    assert [f.photo for f in faces if f.kind == AS_IS] == list(range(6))
    assert [f.is_first for f in faces if f.kind == AS_IS] == [True, False] * 3
    assert {f.photo for f in faces if f.kind == MASKED} == {0, 2, 4}
    assert all(f.template is not None for f in faces if f.kind == AS_IS)


def test_what_no_face_was_found_in_is_added(crowd: types.ModuleType) -> None:
    samples = crowd.Crowd(3, photos=2).samples()
    kept = tuple(s for s in samples.faces if (s.person, s.group) != ("P1", "dark-0.25"))
    faces = faces_of(Samples(kept, samples.photographs, samples.refused))

    lost = [face for face in faces if face.probe is None]
    assert [(face.person, face.photo, face.kind) for face in lost] == [("P1", 2, "dark-0.25")]
    assert not lost[0].at_door


def test_gates_apply_to_samples_too(crowd: types.ModuleType) -> None:
    sample = crowd.Crowd(1, photos=1).samples().faces[0]
    far = dataclasses.replace(sample.conditions, eye_distance_px=28)
    sample = dataclasses.replace(sample, probe=dataclasses.replace(sample.probe, conditions=far))
    (face,) = faces_of(Samples((sample,), 1, 0))

    # Near enough for the door, too far for enrolment.
    assert face.at_door and face.template is None


def test_strength_is_noted_as_at_the_door(crowd: types.ModuleType) -> None:
    calibration = flat_calibration(crowd.MODEL, 0.3)
    (face,) = faces_of(Samples(crowd.Crowd(1, photos=1).samples().faces[:1], 1, 0))

    known = noted(face, calibration)

    assert known.probe is not None and known.probe.conditions is not None
    assert known.probe.conditions.strength == calibration.strength(face.probe.length)
    assert is_usable(known, calibration)
    assert not is_usable(dataclasses.replace(known, at_door=False), calibration)
    assert not is_usable(dataclasses.replace(known, probe=None), calibration)


@pytest.mark.shared
def test_real_photographs(shared: Path, tmp_path: Path) -> None:
    from kiosk.commands.setup import make_pipeline
    from kiosk.config import load_config
    from kiosk.facemodels import load_uncalibrated_models
    from kiosk.models.pack import import_pack

    import_pack(shared / "models", tmp_path, lambda pack: None)
    models = load_uncalibrated_models(tmp_path, 0.6)
    folder = shared / "faces" / "london" / "L001"
    photos = [
        Photo("L001", name, folder / f"{name}.jpg") for name in ("neutral_front", "smiling_front")
    ]
    faces = look_at(make_pipeline(models, load_config(None)), photos, (kind("dark-0.1"), MASK))
    models.close()

    assert [face.kind for face in faces] == [AS_IS, "dark-0.1", MASKED, AS_IS]
    first, dark, masked, second = faces
    assert first.at_door and dark.at_door and dark.template is None
    assert masked.probe is not None and masked.probe.conditions is not None
    assert masked.probe.conditions.mouth_covered > 0.5
    assert first.probe is not None and second.template is not None
    assert float(first.probe.vector @ second.template.vector) > 0.6
