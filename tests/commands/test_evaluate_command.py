"""Evaluation and calibration over real photographs."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import cv2
import pytest

import kiosk.calibrationsample
from kiosk.commands.calibrate import leave_out
from kiosk.domain import ModelId
from kiosk.photolist import Photo
from kiosk.recognition.thresholdfile import load_calibration

ROW_KEYS = {
    "path",
    "person",
    "condition",
    "outcome",
    "matched",
    "similarity",
    "threshold",
    "refusal",
    "box",
    "landmarks",
    "yaw_deg",
    "pitch_deg",
    "roll_deg",
    "conditions",
}
FRONT = "london/{}/neutral_front.jpg"


@pytest.mark.shared
class TestEvaluate:
    @pytest.fixture
    def lists(self, shared, write_list, tmp_path) -> tuple[Path, Path]:
        dark = tmp_path / "dark.png"
        pixels = cv2.imread(str(shared / "faces" / FRONT.format("L001")))
        cv2.imwrite(str(dark), (pixels * 0.04).astype("uint8"))
        (tmp_path / "text.jpg").write_text("no picture")
        enrol = [
            ("Ada", FRONT.format("L001")),
            ("Bo", FRONT.format("L003")),
            ("Bo", "london/L003/neutral_left_profile.jpg"),
        ]
        probe = [
            ("Ada", "london/L001/smiling_front.jpg", "plain"),
            ("Bo", "london/L003/smiling_front.jpg", "plain"),
            ("Bo", "london/L003/neutral_right_profile.jpg", "profile"),
            ("Ada", dark, "dark"),
            ("", FRONT.format("L005"), "plain"),
            ("", tmp_path / "text.jpg", "plain"),
        ]
        return (
            write_list(enrol, name="enrol.csv"),
            write_list(probe, ("person", "path", "condition"), "probe.csv"),
        )

    def run(self, shared, kiosk, lists, *more: object):
        enrol, probe = lists
        return kiosk(
            "evaluate", "--enroll", enrol, "--probe", probe, "--root", shared / "faces", *more
        )

    def test_json_alone_on_stdout_with_the_agreed_keys(
        self, shared, kiosk, with_models, lists
    ) -> None:
        answer = self.run(shared, kiosk, lists, "--json")
        assert answer.code == 0, answer.err
        report = json.loads(answer.out)
        assert set(report) == {"enrolled", "probes", "summary"}
        assert all(set(row) == ROW_KEYS for row in report["enrolled"] + report["probes"])
        assert [(r["outcome"], r["refusal"]) for r in report["enrolled"]] == [
            ("accepted", None),
            ("accepted", None),
            ("refused", "look_at_camera"),
        ]
        assert [(r["outcome"], r["matched"], r["refusal"]) for r in report["probes"]] == [
            ("accepted", "Ada", None),
            ("accepted", "Bo", None),
            ("refused", None, "look_at_camera"),
            ("refused", None, "more_light"),
            ("unknown", None, None),
            ("refused", None, "unreadable"),
        ]
        first, last = report["probes"][0], report["probes"][-1]
        assert first["similarity"] > first["threshold"] > 0.3
        assert len(first["box"]) == 4 and [len(point) for point in first["landmarks"]] == [2] * 5
        assert last["box"] is None and last["conditions"] is None
        summary = report["summary"]
        assert (summary["fnir"], summary["fpir"], summary["wrong_person"]) == (0.5, 0.0, 0)
        assert "text.jpg" in summary["unreadable"][0]
        assert summary["by_condition"]["plain"]["genuine_accepted"] == 2

    def test_text_and_file(self, shared, kiosk, with_models, lists, tmp_path) -> None:
        target = tmp_path / "report.json"
        answer = self.run(shared, kiosk, lists, "--json", target)
        assert answer.code == 0, answer.err
        assert "Not let in although enrolled (FNIR):  50.00 %" in answer.out
        assert "1  it is too dark" in answer.out
        assert "1  the file cannot be read" in answer.out
        assert len(json.loads(target.read_text())["probes"]) == 6

    def test_the_stranger_rate_moves_the_threshold(self, shared, kiosk, with_models, lists) -> None:
        found = [
            json.loads(self.run(shared, kiosk, lists, "--stranger-rate", rate, "--json").out)
            for rate in ("1e-6", "0.01")
        ]
        strict, usual = (report["summary"]["threshold"] for report in found)
        assert strict > usual

    def test_without_models_it_says_how_to_get_them(self, shared, kiosk, lists) -> None:
        answer = self.run(shared, kiosk, lists)
        assert answer.code == 1
        assert "door-kiosk models import DIR" in answer.err

    def test_columns_and_empty_lists(self, shared, kiosk, with_models, lists, write_list) -> None:
        wrong = write_list([("Ada", "x.jpg")], ("who", "path"), "wrong.csv")
        answer = kiosk("evaluate", "--enroll", wrong, "--probe", lists[1])
        assert answer.code == 1 and "lacks the column person" in answer.err
        nameless = write_list([("", "x.jpg")], name="nameless.csv")
        answer = kiosk("evaluate", "--enroll", nameless, "--probe", lists[1])
        assert answer.code == 1 and "needs a person" in answer.err
        nothing = write_list([("Ada", "absent.jpg")], name="nothing.csv")
        answer = kiosk("evaluate", "--enroll", nothing, "--probe", lists[1])
        assert answer.code == 0 and "No photograph passed" in answer.out
        answer = kiosk("evaluate", "--enroll", "absent.csv", "--probe", lists[1])
        assert answer.code == 1 and "cannot be read" in answer.err


@pytest.fixture
def plain_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure pictures as they are: spoiling them in every way takes minutes."""
    whole = kiosk.calibrationsample.collect
    monkeypatch.setattr(kiosk.calibrationsample, "collect", functools.partial(whole, kinds=()))
    monkeypatch.setattr(kiosk.calibrationsample, "_MASKS_PER_PERSON", 0)


@pytest.mark.shared
def test_calibrate_without_thresholds(
    shared: Path, kiosk, with_models: Path, write_list, tmp_path: Path, plain_pictures: None
) -> None:
    (thresholds,) = (with_models / "models").glob("pack-*/*.thresholds.json")
    thresholds.unlink()
    assert kiosk("models", "verify").code == 1
    folder = shared / "faces" / "london"
    rows = [
        (person.name, f"london/{person.name}/{view}.jpg")
        for person in sorted(folder.iterdir())[:40]
        for view in ("neutral_front", "smiling_front", "neutral_left_3quarter")
    ]
    rows.append(("", FRONT.format("L001")))
    excluded = [(rows[0][0], "elsewhere.jpg"), ("", rows[3][1])]
    target = tmp_path / "new.json"
    answer = kiosk(
        *("calibrate", "--photos", write_list(rows), "--root", shared / "faces"),
        *("--exclude", write_list(excluded, name="excluded.csv"), "--out", target),
        *("--source", "thirty-eight people", "--promise", "0.02"),
    )
    assert answer.code == 0, answer.err
    model = json.loads(target.read_text())["model"]
    calibration = load_calibration(target, ModelId(**model))
    assert calibration.people == 38
    assert calibration.source == "thirty-eight people"
    assert calibration.threshold(0.1) < calibration.threshold(1e-4) < 0.9
    assert f"{len(rows)} photographs listed, 7 left out" in answer.out

    # What is there is replaced when that is said.
    again = (
        *("calibrate", "--photos", write_list(rows), "--root", shared / "faces"),
        *("--out", target, "--promise", "0.02"),
    )
    before = target.read_bytes()
    assert kiosk(*again).code == 1
    assert target.read_bytes() == before
    assert kiosk(*again, "--force").code == 0
    assert json.loads(target.read_text())["people"] == 40

    # In its place it serves.
    thresholds.write_bytes(target.read_bytes())
    assert kiosk("models", "verify").code == 0


@pytest.mark.shared
def test_calibrate_refuses_what_says_nothing(
    shared: Path, kiosk, with_models: Path, write_list, tmp_path: Path
) -> None:
    one = write_list([("Ada", FRONT.format("L001"))])
    wanted = ("calibrate", "--photos", one, "--root", shared / "faces", "--out")
    answer = kiosk(*wanted, tmp_path / "new.json")
    assert answer.code == 1 and "1 people in 1 usable photographs" in answer.err
    assert "Use photographs of more people" in answer.err
    assert not (tmp_path / "new.json").exists()
    answer = kiosk(*wanted, tmp_path / "absent" / "new.json")
    assert answer.code == 1 and "no folder" in answer.err
    answer = kiosk(*wanted, tmp_path / "new.json", "--exclude", one)
    assert answer.code == 1 and "No photographs remain" in answer.err


def test_calibrate_does_not_write_over_a_file_unasked(kiosk, write_list, tmp_path: Path) -> None:
    target = tmp_path / "old.json"
    target.write_text("measured with care", encoding="utf-8")
    photos = write_list([("Ada", "a.jpg"), ("Bob", "b.jpg")])
    answer = kiosk("calibrate", "--photos", photos, "--out", target)
    assert answer.code == 1
    assert "is there already" in answer.err and "--force" in answer.err
    # Told to, it goes on to the next thing that is missing.
    answer = kiosk("calibrate", "--photos", photos, "--out", target, "--force")
    assert answer.code == 1 and "No face models" in answer.err
    assert target.read_text(encoding="utf-8") == "measured with care"


def test_leave_out_knows_strangers_by_their_file(tmp_path: Path) -> None:
    def photo(person: str, name: str) -> Photo:
        return Photo(person, name, tmp_path / name)

    listed = [photo("A", "a1"), photo("A", "a2"), photo("B", "b1"), photo("C", "c1")]
    (tmp_path / "sub").mkdir()
    excluded = [photo("", "sub/../a2"), photo("B", "other")]
    assert [p.path for p in leave_out([*listed, photo("", "n")], excluded)] == ["c1"]
