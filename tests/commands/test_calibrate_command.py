"""``door-kiosk calibrate`` with groups and with pictures of one person under two names."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kiosk import calibrationsample, facemodels
from kiosk.calibrationsample import AS_IS, Sample, Samples
from kiosk.commands import calibrate
from kiosk.recognition.thresholdfile import load_calibration
from kiosk.recognition.thresholds import Calibration

PEOPLE = 100
_ALIKE = 25
"""So many of them, from P0 on, look alike."""


@pytest.fixture
def samples(crowd: types.ModuleType) -> Samples:
    """Invented people of whom a quarter share something."""
    shared = np.random.default_rng(9).standard_normal(crowd.SIZE)
    shared /= np.linalg.norm(shared)

    def shifted(face: Sample) -> Sample:
        if face.group != AS_IS or int(face.person[1:]) >= _ALIKE:
            return face
        probe = crowd.embedding(face.probe.vector + 0.7 * shared)
        return dataclasses.replace(face, probe=probe, template=probe)

    drawn = crowd.Crowd(PEOPLE).samples()
    return dataclasses.replace(drawn, faces=tuple(map(shifted, drawn.faces)))


@pytest.fixture
def measured(
    crowd: types.ModuleType, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> list[Samples]:
    """Let the command find these samples, whatever the photographs; tests may replace them."""
    found = [samples]
    models = types.SimpleNamespace(
        embedder=types.SimpleNamespace(model=crowd.MODEL), close=lambda: None
    )
    monkeypatch.setattr(facemodels, "load_uncalibrated_models", lambda *rest: models)
    monkeypatch.setattr(calibrationsample, "collect", lambda *rest: found[0])
    monkeypatch.setattr(calibrate, "make_pipeline", lambda *rest: None)
    return found


@pytest.fixture
def photos(tmp_path: Path, write_list: Callable[..., Path]) -> Path:
    rows = []
    for number in range(PEOPLE):
        (tmp_path / f"{number}.jpg").write_bytes(b"picture %d" % number)
        rows.append((f"P{number}", f"{number}.jpg"))
    return write_list(rows, name="photos.csv")


@pytest.fixture
def labels(write_list: Callable[..., Path]) -> Path:
    rows = [(f"P{n}", "alike" if n < _ALIKE else "other") for n in range(PEOPLE)]
    return write_list(rows, ("person", "kin"), "labels.csv")


def thresholds(crowd: types.ModuleType, path: Path) -> Calibration:
    return load_calibration(path, crowd.MODEL)


def test_a_group_that_is_more_alike_raises_the_thresholds(
    crowd: types.ModuleType, kiosk, measured, photos: Path, labels: Path, tmp_path: Path
) -> None:
    plain, grouped = tmp_path / "plain.json", tmp_path / "grouped.json"
    page = tmp_path / "report.html"
    common = ("calibrate", "--photos", photos, "--promise", "0.01", "--out")

    without = kiosk(*common, plain)
    assert without.code == 0, without.err
    assert "worst" not in without.out.replace("worst usable", "")
    answer = kiosk(*common, grouped, "--groups", labels, "--report", page)

    assert answer.code == 0, answer.err
    assert "The worst group, kin: alike, sets the thresholds" in answer.out
    assert "With the raised thresholds:" in answer.out
    before, after = thresholds(crowd, plain), thresholds(crowd, grouped)
    rises = [after.threshold(rate) - before.threshold(rate) for rate in (1e-2, 1e-3, 1e-4)]
    assert min(rises) > 0.01
    assert max(rises) - min(rises) < 2e-5
    assert f"raised by {rises[0]:.3f}" in answer.out
    assert "raised by" in after.source and "raised by" not in before.source
    said = page.read_text(encoding="utf-8")
    assert "The worst group, kin: alike" in said and ">alike<" in said


def test_labels_of_nobody_are_told_before_anything_is_measured(
    kiosk, photos: Path, write_list, tmp_path: Path
) -> None:
    others = write_list([("X1", "a"), ("X2", "a")], ("person", "kin"), "others.csv")
    answer = kiosk("calibrate", "--photos", photos, "--groups", others, "--out", tmp_path / "t")
    # There are no networks either: that would be told next.
    assert answer.code == 1 and "same names" in answer.err


def test_simulated_people_have_no_groups(kiosk, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.json"
    answer = kiosk("calibrate", "--simulated", "40", "--groups", labels, "--out", out)
    assert answer.code == 1 and "--groups is about people in photographs" in answer.err


def test_a_copied_file_under_another_name_is_refused(
    kiosk, measured, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "7.jpg").write_bytes((tmp_path / "3.jpg").read_bytes())
    answer = kiosk("calibrate", "--photos", photos, "--out", tmp_path / "new.json")
    assert answer.code == 1
    assert "3.jpg of P3 and 7.jpg of P7 are the same picture" in answer.err
    assert not (tmp_path / "new.json").exists()


def test_nearly_the_same_pictures_are_warned_of(
    kiosk, measured: list[Samples], photos: Path, tmp_path: Path
) -> None:
    faces = list(measured[0].faces)
    place = next(i for i, f in enumerate(faces) if (f.person, f.group) == ("P60", AS_IS))
    faces[place] = dataclasses.replace(faces[place], probe=faces[0].probe)
    measured[0] = dataclasses.replace(measured[0], faces=tuple(faces))
    out = tmp_path / "new.json"

    answer = kiosk("calibrate", "--photos", photos, "--promise", "0.01", "--out", out)

    assert answer.code == 0, answer.err
    assert "Warning: Pictures of P0 and P60 are nearly the same" in answer.out
