"""Evaluation over photographs of many people: conditions, groups, and liveness."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from kiosk.domain import LivenessPolicy, ModelId
from kiosk.facemodels import load_face_models
from kiosk.models.card import Role
from kiosk.models.pack import open_pack
from kiosk.recognition.gallery import Gallery
from kiosk.recognition.thresholdfile import save_calibration

VIEWS = ("neutral_front", "smiling_front")


@pytest.fixture
def calibrated(with_models: Path, calibrations) -> Path:
    """The real networks with thresholds made by hand."""
    pack = open_pack(with_models / "models")
    card = pack.card(Role.EMBEDDER)
    made = calibrations.graded(card.id, {1e-1: 0.2, 1e-4: 0.45})
    save_calibration(made, pack.thresholds(card))
    return with_models


@pytest.fixture
def photos(shared: Path, write_list) -> Path:
    folder = shared / "faces" / "london"
    people = sorted(person.name for person in folder.iterdir())[:36]
    rows = [(name, f"london/{name}/{view}.jpg") for name in people for view in VIEWS]
    return write_list(rows, name="photos.csv")


@pytest.mark.shared
def test_conditions_and_groups(
    shared: Path, kiosk, calibrated: Path, photos: Path, tmp_path: Path
) -> None:
    target = tmp_path / "report.json"
    answer = kiosk(
        *("evaluate", "--conditions", "--photos", photos, "--root", shared / "faces"),
        *("--kinds", "dark-0.1", "--groups", shared / "faces" / "london_people.csv"),
        *("--json", target),
    )
    assert answer.code == 0, answer.err

    report = json.loads(target.read_text())
    assert set(report) == {"conditions", "fairness"}
    kinds = {row["kind"]: row for row in report["conditions"]["kinds"]}
    assert {"as_is", "dark-0.1"} <= set(kinds)
    assert kinds["as_is"]["probes"] == 36
    assert kinds["as_is"]["fnmr"]["probe"]["ours"] <= 0.05
    assert kinds["dark-0.1"]["probes"] == 36
    assert kinds["dark-0.1"]["genuine_pairs"] == 36
    assert kinds["dark-0.1"]["impostor_pairs"] == 36 * 35 * len(VIEWS)
    groups = {(row["label"], row["group"]) for row in report["fairness"]["rows"]}
    assert {("gender", "female"), ("gender", "male")} <= groups
    assert "36 people" in answer.out
    assert "Promise: measured over promised" in answer.out
    assert "By group, at a promised false-match rate of 1e-04" in answer.out


@pytest.mark.shared
def test_a_folder_a_limit_and_people_left_out(
    shared: Path, kiosk, calibrated: Path, write_list
) -> None:
    excluded = write_list([("L001", "elsewhere.jpg")], name="excluded.csv")
    wanted = ("evaluate", "--groups", shared / "faces" / "london_people.csv")
    answer = kiosk(
        *(*wanted, "--photos", shared / "faces" / "london", "--limit", 4),
        *("--exclude", excluded, "--json"),
    )
    assert answer.code == 0, answer.err
    rows = json.loads(answer.out)["fairness"]["rows"]
    ages = [row for row in rows if row["label"] == "gender"]
    assert sum(row["people"] for row in ages) <= 4


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--photos", "a.csv"),
        ("--conditions",),
        ("--groups", "people.csv"),
        ("--probe", "a.csv"),
        ("--liveness", "0"),
        ("--conditions", "--photos", "a.csv", "--limit", "none"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_fit_together_are_wrong_usage(kiosk, options: tuple[str, ...]) -> None:
    answer = kiosk("evaluate", *options)
    assert answer.code == 2
    assert "usage: door-kiosk evaluate" in answer.err


def test_kinds_and_labels_are_checked_before_the_networks(
    kiosk, write_list, tmp_path: Path
) -> None:
    photos = write_list([("Ada", "a.jpg")])
    answer = kiosk("evaluate", "--conditions", "--photos", photos, "--kinds", "fog")
    assert answer.code == 1 and "no degradation 'fog'" in answer.err
    answer = kiosk("evaluate", "--groups", photos, "--photos", tmp_path / "absent.csv")
    assert answer.code == 1 and "cannot be read" in answer.err
    (tmp_path / "empty").mkdir()
    answer = kiosk("evaluate", "--conditions", "--photos", tmp_path / "empty")
    assert answer.code == 1 and "a folder for each person" in answer.err
    answer = kiosk("evaluate", "--conditions", "--photos", photos, "--exclude", photos)
    assert answer.code == 1 and "remains" in answer.err


class FinishedReport:
    """What a liveness run gives."""

    def lines(self) -> list[str]:
        return ["no picture came in"]

    def as_tree(self) -> dict[str, int]:
        return {"visits": 2}


class SilentLiveness:
    """A network that is not asked anything."""

    min_live, name = 0.5, "silent"

    def close(self) -> None: ...


@pytest.mark.shared
def test_liveness_is_printed_and_in_the_json(
    kiosk, calibrated: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = {}

    def played(models, door, visits, *, log, progress):
        asked.update(model=models.embedder.model, visits=visits, log=log)
        pipeline = door(LivenessPolicy.PASSIVE, Gallery.empty(models.embedder.model))
        asked.update(network=pipeline._models.liveness)
        return FinishedReport()

    network = SilentLiveness()
    monkeypatch.setattr(
        "kiosk.facemodels.load_face_models",
        lambda *args: dataclasses.replace(load_face_models(*args), liveness=network),
    )
    monkeypatch.setattr("kiosk.livenessreport.liveness_report", played)
    log = tmp_path / "visits.jsonl"
    answer = kiosk("evaluate", "--liveness", "2", "--liveness-log", log)
    assert answer.code == 0, answer.err
    assert "no picture came in" in answer.out
    answer = kiosk("evaluate", "--liveness", "--json")
    assert json.loads(answer.out) == {"liveness": {"visits": 2}}
    assert asked["visits"] == 300 and asked["log"] is None
    # A report about a door that does not look for pictures would say nothing about one that does.
    assert asked["network"] is network
    assert isinstance(asked["model"], ModelId)
