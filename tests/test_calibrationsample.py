"""What is measured: every picture as it is, the first of each person spoiled in known ways too."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.calibrationsample import (
    AS_IS,
    MASKED,
    MEASURED,
    MEASURED_KINDS,
    Samples,
    Shot,
    collect,
    photo_shots,
    stacked,
    twins_among,
)
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
    Pixels,
)
from kiosk.errors import ModelError
from kiosk.photolist import Photo
from kiosk.vision.alignment import chip_landmarks
from kiosk.vision.quality import DOOR, GateLimits

MODEL = ModelId("fake", "1", "fp32")
SIZE = 112
SPOILED = {kind.name for kind in MEASURED_KINDS if kind.group != AS_IS}


class ColourPipeline:
    """Makes an embedding from a picture's colours; a dark picture shows no face."""

    darkest = 5.0

    def __init__(self) -> None:
        self.seen: list[Pixels] = []

    def examine(self, frame: Frame, limits: GateLimits | None = None) -> FaceReport:
        assert limits is MEASURED
        self.seen.append(frame.pixels)
        if frame.pixels.mean() < self.darkest:
            return FaceReport(
                (), None, None, None, Guidance.NO_FACE, None, None, None, Outcome.REFUSED
            )
        face = Detection(Box(0, 0, SIZE, SIZE), chip_landmarks(SIZE), 0.9)
        pose = HeadPose(0, 0, 0)
        conditions = Conditions(45, float(frame.pixels.mean()), 40, 0, 0, 1, 1, 1)
        embedding = dataclasses.replace(self._embedding(frame), conditions=conditions, pose=pose)
        return FaceReport(
            (face,), face, pose, conditions, None, embedding, None, None, Outcome.UNKNOWN
        )

    def template(self, frame: Frame, report: FaceReport) -> Embedding:
        return dataclasses.replace(self._embedding(frame), length=2.0)

    def masked_template(self, frame: Frame, report: FaceReport) -> Embedding:
        return dataclasses.replace(self._embedding(frame), length=3.0)

    @staticmethod
    def _embedding(frame: Frame) -> Embedding:
        vector = cv2.resize(frame.pixels, (8, 8), interpolation=cv2.INTER_AREA).ravel() - 128.0
        return Embedding((vector / np.linalg.norm(vector)).astype(np.float32), MODEL, 1.0)


@pytest.fixture
def photo(tmp_path: Path) -> Callable[..., Photo]:
    """Write a picture of somebody."""
    rng = np.random.default_rng(6)

    def write(person: str, level: float = 130.0) -> Photo:
        coarse = rng.normal(level, 30 if level else 0, (8, 8, 3)).clip(0, 255).astype(np.float32)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.png"
        cv2.imwrite(str(path), cv2.resize(coarse, (SIZE, SIZE)))
        return Photo(person, path.name, path)

    return write


def looked_at(photos: list[Photo], pipeline: ColourPipeline | None = None, **options) -> Samples:
    return collect(pipeline or ColourPipeline(), photo_shots(photos), len(photos), **options)  # type: ignore[arg-type]


def test_the_first_picture_of_each_person_is_spoiled_in_every_way(
    photo: Callable[..., Photo],
) -> None:
    found = looked_at([photo("Ada"), photo("Ada"), photo("Bob")])

    ada = Counter(face.group for face in found.faces if face.person == "Ada")
    bob = Counter(face.group for face in found.faces if face.person == "Bob")
    assert ada == {AS_IS: 2, MASKED: 2, **dict.fromkeys(SPOILED, 1)}
    assert bob == {AS_IS: 1, MASKED: 2, **dict.fromkeys(SPOILED, 1)}
    assert (found.photographs, found.refused) == (3, 0)


def test_templates_are_made_of_unspoiled_pictures_alone(photo: Callable[..., Photo]) -> None:
    found = looked_at([photo("Ada"), photo("Ada")])

    first, second = (face for face in found.faces if face.group == AS_IS)
    assert first.template is not None and second.template is not None
    assert (first.template.length, second.template.length) == (2.0, 2.0)
    # One masked template of each person is enough.
    assert first.masked_template is not None and second.masked_template is None
    assert all(f.template is f.masked_template is None for f in found.faces if f.group != AS_IS)


def test_spoiled_pictures_differ_from_the_picture_and_from_each_other(
    photo: Callable[..., Photo],
) -> None:
    pipeline = ColourPipeline()

    looked_at([photo("Ada")], pipeline)

    pictures = {pixels.tobytes() for pixels in pipeline.seen}
    assert len(pictures) == len(pipeline.seen) == 1 + len(SPOILED) + 2


def test_every_run_spoils_alike(photo: Callable[..., Photo]) -> None:
    photos = [photo("Ada"), photo("Bob")]

    one, other = looked_at(photos), looked_at(photos)

    assert [face.group for face in one.faces] == [face.group for face in other.faces]
    np.testing.assert_array_equal(
        stacked([face.probe for face in one.faces]), stacked([face.probe for face in other.faces])
    )


def test_fewer_kinds_can_be_asked_for(photo: Callable[..., Photo]) -> None:
    groups = Counter(face.group for face in looked_at([photo("Ada")], kinds=()).faces)

    assert groups == {AS_IS: 1, MASKED: 2}


def test_pictures_without_a_usable_face_are_counted_and_left_out(
    photo: Callable[..., Photo], tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    bad = [Photo("Ada", name, tmp_path / name) for name in ("broken.png", "missing.png")]
    steps: list[tuple[int, int]] = []

    found = looked_at(
        [*bad, photo("Bob", level=0), photo("Ada")],
        kinds=(),
        progress=lambda done, count: steps.append((done, count)),
    )

    assert (found.photographs, found.refused) == (4, 3)
    # What cannot be read is not somebody's first picture.
    assert Counter(face.group for face in found.faces) == {AS_IS: 1, MASKED: 2}
    assert steps == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_spoiled_picture_that_shows_nothing_any_more_is_left_out(
    photo: Callable[..., Photo],
) -> None:
    pipeline = ColourPipeline()
    pipeline.darkest = 60.0

    found = looked_at([photo("Ada")], pipeline)

    groups = {face.group for face in found.faces}
    assert "dark-0.25" in SPOILED - groups
    assert "noise-20" in groups
    assert found.refused == 0


def test_what_is_spoiled_already_is_not_spoiled_again() -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(60, 200, (SIZE, SIZE, 3)).astype(np.uint8)
    shots = [Shot("Ada", Frame(pixels, 0), "darkness"), Shot("Ada", Frame(pixels, 1), AS_IS, False)]

    found = collect(ColourPipeline(), shots, 2)  # type: ignore[arg-type]

    dark, plain = found.faces
    assert (dark.group, dark.template) == ("darkness", None)
    assert plain.group == AS_IS and plain.template is not None


def test_a_failing_network_ends_it(photo: Callable[..., Photo]) -> None:
    class Failing(ColourPipeline):
        def template(self, frame: Frame, report: FaceReport) -> Embedding:
            raise ModelError("the network failed")

    with pytest.raises(ModelError, match="failed"):
        looked_at([photo("Ada")], Failing())


def test_worse_is_measured_than_the_door_lets_pass() -> None:
    for field in dataclasses.fields(GateLimits):
        measured, door = getattr(MEASURED, field.name), getattr(DOOR, field.name)
        is_laxer = measured <= door if field.name.startswith("min_") else measured >= door
        assert is_laxer, field.name


def test_all_groups_of_degradation_are_measured() -> None:
    assert {kind.group for kind in MEASURED_KINDS} >= {
        *("dark", "gamma", "defocus", "motion", "side_light", "over_exposure", "noise", "small")
    }
    assert len(SPOILED) == len([kind for kind in MEASURED_KINDS if kind.group != AS_IS])


def with_copy(samples: Samples, of: str, by: str, difference: float = 0.0) -> Samples:
    """Let the first picture of ``by`` be that of ``of``, nearly."""
    faces = list(samples.faces)
    source = next(face for face in faces if face.person == of)
    place = next(i for i, face in enumerate(faces) if face.person == by)
    vector = source.probe.vector + difference * faces[place].probe.vector
    unit = (vector / np.linalg.norm(vector)).astype(np.float32)
    probe = dataclasses.replace(source.probe, vector=unit)
    faces[place] = dataclasses.replace(faces[place], probe=probe)
    return dataclasses.replace(samples, faces=tuple(faces))


def test_nearly_the_same_picture_of_two_people_is_noticed(crowd: Any) -> None:
    samples = crowd.Crowd(30).samples()
    assert twins_among(samples) is None

    twins = twins_among(with_copy(with_copy(samples, "P2", "P7", 0.15), "P11", "P20"))

    assert twins is not None
    assert (twins.pairs, {twins.one, twins.other}) == (2, {"P11", "P20"})
    assert twins.cosine == pytest.approx(1, abs=1e-5)
    said = twins.in_words()
    assert (
        "P11" in said and "P20" in said and "one of 2 such pairs" in said and "remove one" in said
    )


def test_pictures_that_are_only_alike_and_those_of_one_person_are_no_twins(crowd: Any) -> None:
    samples = crowd.Crowd(30).samples()
    faces = list(samples.faces)
    own = [i for i, face in enumerate(faces) if (face.person, face.group) == ("P4", AS_IS)]
    faces[own[1]] = dataclasses.replace(faces[own[1]], probe=faces[own[0]].probe)

    assert twins_among(dataclasses.replace(samples, faces=tuple(faces))) is None
    assert twins_among(with_copy(samples, "P2", "P7", 0.5)) is None
    assert twins_among(Samples((), 0, 0)) is None
