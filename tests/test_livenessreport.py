"""The report on pictures let in: its visits, and a run that is interrupted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from kiosk import livenessreport
from kiosk.domain import Decision, Frame, Guidance, LivenessPolicy, Phase
from kiosk.errors import ConfigError
from kiosk.livenessreport import (
    SPECIES,
    LivenessTrial,
    TrialPlayer,
    liveness_report,
    plan_trials,
)
from kiosk.livenesstable import LIVE, Course, LivenessReport
from kiosk.recognition.gallery import Gallery
from kiosk.simulator.answering import Manner
from kiosk.simulator.scene import Light

PASSIVE, CHALLENGE = LivenessPolicy.PASSIVE, LivenessPolicy.PASSIVE_CHALLENGE


def test_the_species_take_turns_so_that_a_run_cut_short_is_balanced() -> None:
    trials = list(plan_trials(3, [1, 2], seed=1))
    assert [trial.species for trial in trials[:6]] == list(SPECIES)
    assert len({trial.seed for trial in trials}) == len(trials) == 18
    assert trials == list(plan_trials(3, [1, 2], seed=1))


class ScriptedDoor:
    """A pipeline that opens, or cries wolf, or asks, on a certain frame of each visit."""

    def __init__(self, on_frame: int, outcome: str) -> None:
        self._on_frame, self._outcome, self.seen = on_frame, outcome, 0
        self.visits = 0

    def step(self, frame: Frame) -> ScriptedDoor:
        self.seen += 1
        return self

    @property
    def decision(self) -> Decision:
        is_now = self.seen == self._on_frame
        return Decision(
            Phase.CHECKING,
            Guidance.TURN_LEFT if self._outcome == "ask" else None,
            granted_now=is_now and self._outcome == "granted",
            attacked_now=is_now and self._outcome == "attack",
        )

    def end_visit(self) -> None:
        self.seen, self.visits = 0, self.visits + 1


TRIAL = LivenessTrial("print, flat", 0, 1, Manner.STILL, 3, 0.11, Light())


def test_a_visit_lasts_until_both_doors_have_decided() -> None:
    doors = {PASSIVE: ScriptedDoor(3, "attack"), CHALLENGE: ScriptedDoor(5, "granted")}
    player = TrialPlayer(doors, (160, 120), frames_per_s=4.0)  # type: ignore[arg-type]
    for _ in range(2):
        assert player.play(TRIAL) == [
            Course("passive", "attack", 0.5),
            Course("passive+challenge", "granted", 1.0),
        ]
    assert [door.visits for door in doors.values()] == [2, 2]


def test_a_visit_ends_when_patience_does() -> None:
    doors = {CHALLENGE: ScriptedDoor(1, "ask")}
    player = TrialPlayer(doors, (160, 120), 4.0, patience_s=2.0)  # type: ignore[arg-type]
    assert player.play(TRIAL) == [Course("passive+challenge", "neither", 2.0)]


class NoModels:
    """Only its names are asked for."""

    liveness = None

    class embedder:  # noqa: N801
        model = "none"


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[LivenessTrial]]:
    """Replace the playing: live people and tablets are let in, everything else is an attack."""
    played: list[LivenessTrial] = []

    def play(_: object, trial: LivenessTrial) -> list[Course]:
        played.append(trial)
        passes = trial.species in (LIVE, "tablet")
        return [
            Course("passive", "granted" if passes else "attack", 0.5),
            Course("passive+challenge", "granted" if trial.species == LIVE else "neither", 3.0),
        ]

    def enrol(*_: object) -> Gallery:
        return Gallery(None, np.array([1, 2]), np.eye(2, dtype=np.float32))  # type: ignore[arg-type]

    monkeypatch.setattr(TrialPlayer, "play", play)
    monkeypatch.setattr(livenessreport, "enrol_victims", enrol)
    yield played


def report(visits: int, log: Path | None = None) -> LivenessReport:
    return liveness_report(NoModels(), lambda policy, gallery: None, visits, log=log)  # type: ignore[arg-type, return-value]


def test_errors_are_impostors_let_in_and_live_people_kept_out(
    scripted: list[LivenessTrial],
) -> None:
    rows = {(row.species, row.policy): row for row in report(10).rows}

    tablet, live = rows["tablet", "passive"], rows[LIVE, "passive"]
    assert (tablet.errors, tablet.rate, tablet.upper) == (10, 1.0, 1.0)
    assert (live.errors, live.rate) == (0, 0.0)
    assert live.upper == pytest.approx(0.2589, abs=1e-3)
    assert (live.median_s, rows["phone", "passive"].median_s) == (0.5, None)
    assert rows["phone", "passive"].alarms == 10
    assert rows["tablet", "passive+challenge"].errors == 0


def test_the_table_says_how_many_and_how_sure(scripted: list[LivenessTrial]) -> None:
    text = "\n".join(report(10).lines())
    assert "25.89 %" in text and "no liveness network" in text
    assert json.dumps(report(2).as_tree())


def test_an_interrupted_run_goes_on(scripted: list[LivenessTrial], tmp_path: Path) -> None:
    log = tmp_path / "visits.jsonl"
    first = report(2, log)
    with log.open("a") as file:
        file.write('{"species": "live", "ind')
    assert len(scripted) == 12

    second = report(3, log)

    assert len(scripted) == 18
    assert [row.tries for row in first.rows] == [2] * 12
    assert [row.tries for row in second.rows] == [3] * 12
    assert report(3, log) == second and len(scripted) == 18


@pytest.mark.parametrize("text", ["[]\n", "noise\n", '{"species": "live"}\n'])
def test_another_file_is_not_taken_for_a_log(
    scripted: list[LivenessTrial], tmp_path: Path, text: str
) -> None:
    (tmp_path / "log").write_text(text)
    with pytest.raises(ConfigError, match="line 1"):
        report(1, tmp_path / "log")
