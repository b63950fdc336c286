"""Counting: by hand on scripted photographs, and the promised figures on real ones."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.camera.imagefile import read_image
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
    TemplateKind,
)
from kiosk.errors import EnrolmentError
from kiosk.evaluation import UNREADABLE, door_comparisons, enrol_photos, evaluate
from kiosk.facemodels import load_face_models
from kiosk.models.pack import import_pack
from kiosk.photolist import Photo, read_photo_list
from kiosk.pipeline import FaceModels, Pipeline
from kiosk.recognition.decision import VisitDecider, VisitRules
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholds import classify, flat_calibration
from kiosk.vision.quality import ENROLMENT, GateLimits

MODEL = ModelId("fake", "1", "fp32")
THRESHOLD = 0.5
Script = NDArray[np.float64] | Guidance


class ScriptedPipeline:
    """Knows what each picture shows from its colour: a direction, or what is wrong with it."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.gallery = Gallery.empty(MODEL)
        self.limits: list[GateLimits | None] = []
        self.threshold = THRESHOLD
        self.model = MODEL
        self.knows_masks = False

    def set_gallery(self, gallery: Gallery) -> None:
        self.gallery = gallery

    def examine(self, frame: Frame, limits: GateLimits | None = None) -> FaceReport:
        self.limits.append(limits)
        script = self.scripts[int(frame.pixels[0, 0, 0])]
        face = Detection(Box(1, 2, 3, 4), np.zeros((5, 2), np.float32), 0.9)
        if isinstance(script, Guidance):
            return FaceReport((face,), face, None, None, script, None, None, None, Outcome.REFUSED)
        embedding = self._embedding(script)
        match = self.gallery.calibrated(flat_calibration(MODEL, THRESHOLD)).search(embedding)
        outcome = classify(match, 0.0)
        return FaceReport((face,), face, None, None, None, embedding, match, THRESHOLD, outcome)

    def template(self, frame: Frame, report: FaceReport) -> Embedding:
        assert report.embedding is not None
        return report.embedding

    @staticmethod
    def _embedding(direction: NDArray[np.float64]) -> Embedding:
        unit = (direction / np.linalg.norm(direction)).astype(np.float32)
        return Embedding(unit, MODEL)


class Album:
    """Writes the pictures of a script and lists them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pipeline = ScriptedPipeline()

    def photo(self, person: str, script: Script, condition: str = "") -> Photo:
        index = len(self.pipeline.scripts)
        self.pipeline.scripts.append(script)
        name = f"{index}.png"
        cv2.imwrite(str(self.folder / name), np.full((4, 4, 3), index, np.uint8))
        return Photo(person, name, self.folder / name, condition)

    def broken(self, person: str, condition: str = "") -> Photo:
        (self.folder / "broken.jpg").write_bytes(b"\xff\xd8 no more")
        return Photo(person, "broken.jpg", self.folder / "broken.jpg", condition)

    def missing(self, person: str) -> Photo:
        return Photo(person, "missing.jpg", self.folder / "missing.jpg")

    def run(self, enrol: list[Photo], probe: list[Photo], progress: Any = None) -> dict[str, Any]:
        return evaluate(self.pipeline, enrol, probe, progress)  # type: ignore[arg-type]


@pytest.fixture
def album(tmp_path: Path) -> Album:
    return Album(tmp_path)


ANNA, BORIS, CLARA, NEW = np.eye(4)


def test_outcomes_are_counted_as_by_hand(album: Album) -> None:
    enrol = [
        album.photo("Anna", ANNA),
        album.photo("Anna", ANNA + 0.1),
        album.photo("Boris", BORIS),
        album.photo("Clara", Guidance.HOLD_STILL),
    ]
    probe = [
        album.photo("Anna", ANNA),  # right
        album.photo("Anna", BORIS),  # wrong person
        album.photo("Anna", NEW),  # not recognised
        album.photo("Boris", Guidance.MORE_LIGHT),  # refused
        album.broken("Boris"),  # unreadable
        album.photo("Clara", ANNA),  # enrolment was refused; taken for somebody else
        album.photo("", NEW),  # stranger, kept out
        album.photo("", ANNA),  # stranger, let in
        album.photo("Dora", BORIS),  # named, but not in the enrolment list: a stranger, let in
        album.photo("", Guidance.MORE_LIGHT),  # stranger, refused
    ]

    result = album.run(enrol, probe)

    summary = result["summary"]
    assert (summary["templates"], summary["people_enrolled"], summary["people_refused"]) == (
        3,
        2,
        1,
    )
    assert summary["enrolment_refusals"] == {"hold_still": 1}
    assert summary["threshold"] == THRESHOLD
    assert (summary["genuine"], summary["genuine_accepted"], summary["wrong_person"]) == (6, 1, 2)
    assert summary["fnir"] == pytest.approx(5 / 6, abs=1e-6)
    assert summary["wrong_person_rate"] == pytest.approx(2 / 6, abs=1e-6)
    assert (summary["strangers"], summary["strangers_accepted"]) == (4, 2)
    assert summary["fpir"] == 0.5
    assert summary["refusals"] == {"more_light": 2, UNREADABLE: 1}
    assert [row["matched"] for row in result["probes"]] == [
        "Anna", "Boris", None, None, None, "Anna", None, "Anna", "Boris", None,
    ]  # fmt: skip
    assert [row["outcome"] for row in result["probes"]] == [
        "accepted", "accepted", "unknown", "refused", "refused", "accepted", "unknown",
        "accepted", "accepted", "refused",
    ]  # fmt: skip
    assert album.pipeline.limits == [ENROLMENT] * 4 + [None] * 9


def test_conditions_are_counted_apart(album: Album) -> None:
    enrol = [album.photo("Anna", ANNA)]
    probe = [
        album.photo("Anna", ANNA, "bright"),
        album.photo("Anna", NEW, "dark"),
        album.photo("", ANNA, "dark"),
        album.broken("Anna", "dark"),
        album.photo("Anna", ANNA),
    ]

    summary = album.run(enrol, probe)["summary"]

    by_condition = summary["by_condition"]
    assert list(by_condition) == ["bright", "dark"]
    assert (by_condition["bright"]["genuine"], by_condition["bright"]["fnir"]) == (1, 0.0)
    assert by_condition["bright"]["fpir"] is None
    assert (by_condition["dark"]["genuine"], by_condition["dark"]["fnir"]) == (2, 1.0)
    assert (by_condition["dark"]["strangers"], by_condition["dark"]["fpir"]) == (1, 1.0)
    assert by_condition["dark"]["refusals"] == {UNREADABLE: 1}
    assert summary["genuine"] == 4


def test_a_row_says_what_was_seen(album: Album) -> None:
    result = album.run([album.photo("Anna", ANNA)], [album.photo("Anna", ANNA + BORIS, "x")])

    (row,) = result["probes"]
    assert row["similarity"] == pytest.approx(2**-0.5, abs=1e-5)
    assert (row["person"], row["condition"], row["threshold"]) == ("Anna", "x", THRESHOLD)
    assert row["box"] == [1, 2, 3, 4]
    assert (row["refusal"], row["yaw_deg"], row["conditions"]) == (None, None, None)


def test_unreadable_files_are_rows_like_any_other(album: Album) -> None:
    enrol = [album.photo("Anna", ANNA), album.missing("Anna"), album.broken("Boris")]

    result = album.run(enrol, [album.missing("Anna"), album.photo("Anna", ANNA)])

    assert result["summary"]["enrolment_refusals"] == {UNREADABLE: 2}
    assert result["summary"]["people_refused"] == 1
    bad, good = result["probes"]
    assert bad["refusal"] == UNREADABLE
    assert list(good) == list(bad)
    told = result["summary"]["unreadable"]
    assert [("missing.jpg" in text, "broken.jpg" in text) for text in told] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    json.dumps(result, allow_nan=False)


def test_a_list_of_which_nothing_passes_is_reported_in_full(album: Album) -> None:
    enrol = [
        album.photo("Anna", Guidance.HOLD_STILL),
        album.photo("Anna", Guidance.HOLD_STILL),
        album.broken("Boris"),
    ]
    result = album.run(enrol, [album.photo("Anna", ANNA), album.photo("", BORIS)])
    summary = result["summary"]
    assert [row["refusal"] for row in result["enrolled"]] == [
        "hold_still",
        "hold_still",
        "unreadable",
    ]
    assert (summary["templates"], summary["people_refused"]) == (0, 2)
    assert (summary["fnir"], summary["fpir"]) == (1.0, 0.0)
    assert {row["outcome"] for row in result["probes"]} == {"unknown"}


def test_an_enrolment_row_needs_a_person(album: Album) -> None:
    with pytest.raises(EnrolmentError, match=r"1\.png.*needs a person"):
        album.run([album.photo("Anna", ANNA), album.photo("", ANNA)], [])


def test_no_probes_give_no_rates(album: Album) -> None:
    summary = album.run([album.photo("Anna", ANNA)], [])["summary"]

    assert (summary["fnir"], summary["fpir"], summary["wrong_person_rate"]) == (None, None, None)
    assert summary["fmr_table"] == []
    assert summary["by_condition"] == {}


def test_progress_counts_to_the_end_even_past_unreadable_files(album: Album) -> None:
    steps: list[tuple[int, int]] = []
    probe = [album.photo("Anna", ANNA), album.missing("Anna"), album.broken("Anna")]

    album.run([album.photo("Anna", ANNA)], probe, lambda done, total: steps.append((done, total)))

    assert steps[-1] == (3, 3)
    assert all(0 <= done <= total for done, total in steps)
    probing = [done for done, total in steps if total == 3]
    assert probing == sorted(probing)


def test_the_fmr_table_is_that_of_plain_counting(album: Album) -> None:
    rng = np.random.default_rng(4)
    centres = rng.normal(size=(12, 6))

    def shots(spread: float) -> list[Photo]:
        return [
            album.photo(f"P{index}", centre + rng.normal(0, spread, 6))
            for index, centre in enumerate(centres)
        ]

    enrol, probe = shots(0.1), shots(0.5) + [album.photo("", rng.normal(size=6)) for _ in range(30)]

    result = album.run(enrol, probe)

    gallery = enrol_photos(album.pipeline, enrol)  # type: ignore[arg-type]
    genuine, impostors = [], []
    for photo in probe:
        script = album.pipeline.scripts[int(photo.file.stem)]
        assert not isinstance(script, Guidance)
        scores = gallery.gallery.similarities(album.pipeline._embedding(script))
        for owner, score in zip(gallery.gallery.person_ids, scores, strict=True):
            same = gallery.people[owner] == photo.person
            (genuine if same else impostors).append(float(score))
    (row,) = result["summary"]["fmr_table"]  # 492 impostors support 1e-2 and no less
    assert row["fmr"] == 0.01
    assert (row["impostor_pairs"], row["genuine_pairs"]) == (492, 12)
    assert sum(score > row["cosine"] + 1e-5 for score in impostors) <= 4
    assert sum(score >= row["cosine"] - 1e-5 for score in impostors) >= 5
    missed = sum(score <= row["cosine"] for score in genuine)
    assert row["fnmr"] == pytest.approx(missed / 12, abs=1e-6)


def test_the_fmr_table_says_what_the_promised_threshold_gives(
    album: Album, calibrations: types.ModuleType
) -> None:
    rng = np.random.default_rng(4)
    people = [f"P{index}" for index in range(30)]
    centres = rng.normal(size=(30, 6))
    enrol, probe = (
        [album.photo(p, c + rng.normal(0, 0.6, 6)) for p, c in zip(people, centres, strict=True)]
        for _ in range(2)
    )
    calibration = calibrations.graded(MODEL, {1e-2: 0.6, 1e-6: 0.9})

    result = evaluate(
        album.pipeline,  # type: ignore[arg-type]
        enrol,
        probe,
        calibration=calibration,
    )

    vectors = [
        np.stack([album.pipeline._embedding(s).vector for s in album.pipeline.scripts[a : a + 30]])
        for a in (0, 30)
    ]
    cosines = vectors[1] @ vectors[0].T
    same = np.eye(30, dtype=bool)
    (row,) = result["summary"]["fmr_table"]
    assert row["fmr"] == 0.01
    assert row["promised_cosine"] == pytest.approx(0.6)
    assert row["promised_fmr"] == pytest.approx((cosines[~same] >= 0.6).mean(), abs=1e-6)
    assert row["promised_fnmr"] == pytest.approx((cosines[same] < 0.6).mean(), abs=1e-6)
    assert row["cosine"] == pytest.approx(row["promised_cosine"] + row["offset"], abs=2e-5)
    assert (cosines[~same] > row["cosine"] + 1e-5).mean() <= 0.01


def test_masked_probes_are_compared_with_masked_templates(calibrations: types.ModuleType) -> None:
    calibration = calibrations.graded(MODEL, masked={1e-2: 0.1, 1e-6: 0.2})
    good = Conditions(45, 130, 45, 0.0, 0.05, 2.0, 0.9, 1.0)
    covered = dataclasses.replace(good, mouth_covered=0.9)
    pose = HeadPose(0, 0, 0)
    vectors = np.eye(4, dtype=np.float32)
    kinds = [TemplateKind.PLAIN, TemplateKind.PLAIN, TemplateKind.MASKED]
    conditions = [good, good, covered]
    gallery = Gallery(
        MODEL, np.array([1, 2, 1]), vectors[:3], calibration, kinds, conditions, [pose] * 3
    )

    def compared(conditions: Conditions) -> dict[int, float]:
        probe = Embedding(vectors[2], MODEL, 1.0, conditions, pose)
        ids, excesses = door_comparisons(gallery, calibration, probe, 1e-2)
        return dict(zip(ids.tolist(), excesses.tolist(), strict=True))

    plain, masked = compared(good), compared(covered)
    at = calibration.threshold(1e-2)
    assert plain == pytest.approx({1: -at, 2: -at})
    # The masked template is the mean of both of that person's; who has none keeps the plain one.
    assert masked == pytest.approx({1: np.sqrt(0.5) - 0.1, 2: -at}, abs=1e-6)


# --- the real networks on real photographs --------------------------------------------------------


@pytest.fixture(scope="module")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> FaceModels:
    folder = tmp_path_factory.mktemp("models")
    import_pack(shared / "models", folder, lambda pack: None)
    return load_face_models(folder, 0.6)


@pytest.fixture
def pipeline(models: FaceModels) -> Pipeline:
    gallery = Gallery.empty(models.embedder.model)
    return Pipeline(models, gallery, VisitDecider(VisitRules()), 0.005, 0.05)


def view_of(photo: Photo) -> str:
    """Group London's probes: front, 3quarter, profile or masked."""
    if "masked" in photo.path:
        return "masked"
    return Path(photo.path).stem.split("_")[-1]


def london(shared: Path) -> tuple[list[Photo], list[Photo]]:
    faces = shared / "faces"
    return (
        read_photo_list(faces / "london_enroll.csv", faces),
        read_photo_list(faces / "london_probe.csv", faces),
    )


def evaluate_views(
    pipeline: Pipeline, enrol: list[Photo], probe: list[Photo]
) -> tuple[dict[str, Any], dict[str, Any]]:
    marked = [Photo(p.person, p.path, p.file, view_of(p), p.number) for p in probe]
    summary = evaluate(pipeline, enrol, marked)["summary"]
    return summary, summary["by_condition"]


def test_a_dozen_londoners_come_in_and_nobody_else(shared: Path, pipeline: Pipeline) -> None:
    enrol, probe = london(shared)
    names = {photo.person for photo in enrol[:12]}
    strangers = [photo for photo in probe if not photo.person][:36]
    some = [photo for photo in probe if photo.person in names and view_of(photo) != "masked"]

    summary, views = evaluate_views(pipeline, enrol[:12], some + strangers)

    assert summary["people_enrolled"] == 12
    assert (summary["wrong_person"], summary["strangers_accepted"]) == (0, 0)
    assert views["front"]["genuine_accepted"] == views["front"]["genuine"] == 12
    assert views["3quarter"]["genuine"] == 48
    assert views["3quarter"]["genuine_accepted"] >= 47
    assert views["profile"]["genuine"] == 48
    assert views["profile"]["genuine_accepted"] == 0


@pytest.mark.slow
def test_all_londoners(shared: Path, pipeline: Pipeline) -> None:
    summary, views = evaluate_views(pipeline, *london(shared))

    seen = [views["front"], views["3quarter"]]
    accepted = sum(view["genuine_accepted"] for view in seen)
    assert summary["people_enrolled"] == 40
    assert accepted >= 0.99 * sum(view["genuine"] for view in seen)
    assert views["profile"]["genuine_accepted"] == 0
    assert (summary["wrong_person"], summary["strangers_accepted"]) == (0, 0)


@pytest.mark.slow
def test_the_open_set_of_lfw(shared: Path, pipeline: Pipeline) -> None:
    faces = shared / "faces"
    enrol = read_photo_list(faces / "lfw_enroll.csv", faces)
    probe = read_photo_list(faces / "lfw_probe.csv", faces)

    summary = evaluate(pipeline, enrol, probe)["summary"]

    assert (summary["genuine"], summary["strangers"]) == (200, 1200)
    assert summary["fnir"] <= 0.03
    assert summary["fpir"] <= 0.01
    assert summary["wrong_person"] == 0


# --- a bad picture must never become a template ------------------------------------------------

Harm = Callable[[NDArray[np.uint8]], NDArray[np.generic]]


def darken(pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
    noise = np.random.default_rng(int(pixels[::7, ::7].sum())).normal(0, 4, pixels.shape)
    return np.clip(pixels * 0.1 + noise, 0, 255).astype(np.uint8)


def defocus(pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 3))


def smear(angle_deg: float) -> Harm:
    kernel = np.zeros((21, 21), np.float32)
    kernel[10] = 1
    turn = cv2.getRotationMatrix2D((10, 10), angle_deg, 1)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (21, 21)))
    return lambda pixels: np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()))


HARMS = {
    "dark": darken,
    "defocus": defocus,
    "motion 0°": smear(0),
    "motion 45°": smear(45),
    "motion 90°": smear(90),
}


def accepted_for_enrolment(pipeline: Pipeline, shared: Path, people: int, harm: Harm) -> list[str]:
    folders = sorted((shared / "faces" / "lfw").iterdir())[:people]
    assert len(folders) == people
    accepted = []
    for folder in folders:
        path = sorted(folder.glob("*.jpg"))[0]
        frame = Frame(np.asarray(harm(read_image(path)), np.uint8), 0)
        if pipeline.examine(frame, ENROLMENT).refusal is None:
            accepted.append(path.parent.name)
    return accepted


@pytest.mark.parametrize("name", HARMS)
def test_degraded_photographs_are_not_enrolled(shared: Path, pipeline: Pipeline, name: str) -> None:
    assert accepted_for_enrolment(pipeline, shared, 60, HARMS[name]) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", HARMS)
def test_degraded_photographs_of_many_people_are_not_enrolled(
    shared: Path, pipeline: Pipeline, name: str
) -> None:
    assert accepted_for_enrolment(pipeline, shared, 200, HARMS[name]) == []


def test_most_of_the_same_photographs_as_they_are_can_be_enrolled(
    shared: Path, pipeline: Pipeline
) -> None:
    accepted = accepted_for_enrolment(pipeline, shared, 60, lambda pixels: pixels)

    assert len(accepted) >= 48
