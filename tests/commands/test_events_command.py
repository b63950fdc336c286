"""Reading, exporting and verifying the access log."""

from __future__ import annotations

import csv
import json
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from kiosk.datafolder import DataFolder
from kiosk.domain import Event, EventKind
from kiosk.store import removable
from kiosk.store.removable import RemovableMedium
from kiosk.store.store import opened


def at(text: str) -> int:
    """Local time in milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.fixture
def log(data: Path) -> Path:
    DataFolder(data).create()
    with opened(DataFolder(data).database) as store:
        ada = store.people.add("Ada", "", None, 0)
        for kind, when, person in (
            (EventKind.STARTED, "2026-11-18T23:59:59.999", None),
            (EventKind.GRANTED, "2026-11-19T00:00:00", ada.id),
            (EventKind.NOT_RECOGNISED, "2026-11-19T12:30:30", None),
            (EventKind.GRANTED, "2026-11-20T23:59:59.999", ada.id),
            (EventKind.STOPPED, "2026-11-21T00:00:00", None),
        ):
            name = "Ada" if person else ""
            store.events.append(Event(kind, at(when), person, name, "=detail\x1b[2J"))
    return data


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ((), [1, 2, 3, 4, 5]),
        (("--since", "2026-11-19"), [2, 3, 4, 5]),
        (("--until", "2026-11-20"), [1, 2, 3, 4]),
        (("--since", "2026-11-19", "--until", "2026-11-19"), [2, 3]),
        (("--until", "2026-11-19 12:30"), [1, 2, 3]),
        (("--until", "2026-11-19 12:29"), [1, 2]),
        (("--since", "2026-11-19T12:30"), [3, 4, 5]),
        (("--person", "ada"), [2, 4]),
        (("--person", "1"), [2, 4]),
        (("--person", "99"), []),
        (("--kind", "granted", "--kind", "started"), [1, 2, 4]),
        (("--limit", "2"), [4, 5]),
        (("--limit", "1", "--person", "Ada"), [4]),
    ],
    ids=str,
)
def test_filters(kiosk, log, filters, expected) -> None:
    answer = kiosk("events", "list", *filters, "--json")
    assert [event["seq"] for event in json.loads(answer.out)["events"]] == expected


def test_the_table_cannot_steer_the_terminal(kiosk, log) -> None:
    answer = kiosk("events", "list")
    assert "\x1b" not in answer.out
    assert "5 events." in answer.out
    assert "2026-11-19 12:30:30  not_recognised" in answer.out


def test_list_and_verify_work_beside_a_running_kiosk(kiosk, log) -> None:
    with DataFolder(log).exclusive(), opened(DataFolder(log).database) as store:
        store.events.append(Event(EventKind.FAULT, 0))
        assert "6 events." in kiosk("events", "list").out
        assert kiosk("events", "verify").code == 0


def test_json_to_a_file_keeps_the_table(kiosk, log, tmp_path) -> None:
    target = tmp_path / "events.json"
    answer = kiosk("events", "list", "--json", target)
    assert "5 events." in answer.out
    assert len(json.loads(target.read_text())["events"]) == 5
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["events.json"]


@pytest.mark.parametrize("target", ["absent/events.json", "data"])
def test_json_to_an_impossible_file_is_refused_first(kiosk, log, tmp_path, target) -> None:
    answer = kiosk("events", "list", "--json", tmp_path / target)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("door-kiosk: ")


def test_export_to_a_file(kiosk, log, tmp_path) -> None:
    target = tmp_path / "log.csv"
    answer = kiosk("events", "export", "--to-file", target, "--kind", "granted")
    assert answer.code == 0, answer.err
    assert "2 events written" in answer.out
    with target.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["person"] for row in rows] == ["Ada", "Ada"]
    events = json.loads(kiosk("events", "list", "--limit", "1", "--json").out)["events"]
    assert events[0]["kind"] == "exported"
    assert events[0]["detail"].startswith("2 rows, SHA-256 ")
    # An existing file is evidence: it stays.
    again = kiosk("events", "export", "--to-file", target)
    assert again.code == 1 and "exists already" in again.err


def test_export_beside_a_running_kiosk_is_refused(kiosk, log, tmp_path) -> None:
    with DataFolder(log).exclusive():
        answer = kiosk("events", "export", "--to-file", tmp_path / "log.csv")
    assert answer.code == 1 and "Another door-kiosk" in answer.err
    assert not (tmp_path / "log.csv").exists()


def medium(path: str, label: str = "STICK") -> RemovableMedium:
    return RemovableMedium(path, label, "vfat", 10**9, False, "/dev/sdx1")


class TestUsb:
    def plug(self, monkeypatch: pytest.MonkeyPatch, *media: RemovableMedium) -> list[str]:
        """Pretend that media are mounted; the log is then written to their folder as it is."""
        monkeypatch.setattr(removable, "find_removable_media", lambda: list(media))
        written: list[str] = []

        def export(events, chosen, now_ms):
            from kiosk.store.export import export_events

            written.append(chosen.mount_point)
            return export_events(
                events, Path(chosen.mount_point), now_ms, require_separate_device=False
            )

        monkeypatch.setattr("kiosk.store.export.export_to_medium", export)
        return written

    def test_without_a_stick_it_says_so(self, kiosk, log, monkeypatch) -> None:
        self.plug(monkeypatch)
        answer = kiosk("events", "export", "--usb")
        assert answer.code == 1 and "No USB stick is mounted" in answer.err

    def test_one_stick_is_taken(self, kiosk, log, monkeypatch, tmp_path) -> None:
        written = self.plug(monkeypatch, medium(str(tmp_path)))
        answer = kiosk("events", "export", "--usb")
        assert answer.code == 0, answer.err
        assert written == [str(tmp_path)]
        assert len(list(tmp_path.glob("doorlog_*.csv"))) == 1

    def test_of_several_one_must_be_named(self, kiosk, log, monkeypatch, tmp_path) -> None:
        (tmp_path / "b").mkdir()
        written = self.plug(monkeypatch, medium("/media/a"), medium(str(tmp_path / "b"), "B"))
        answer = kiosk("events", "export", "--usb")
        assert answer.code == 1
        assert "/media/a (STICK), " in answer.err and "--medium" in answer.err
        assert kiosk("events", "export", "--usb", "--medium", "/media/c").code == 1
        assert written == []
        assert kiosk("events", "export", "--usb", "--medium", tmp_path / "b").code == 0
        assert written == [str(tmp_path / "b")]

    def test_medium_belongs_to_usb(self, kiosk, log, tmp_path) -> None:
        answer = kiosk("events", "export", "--to-file", tmp_path / "x", "--medium", "/media/a")
        assert answer.code == 1 and "--medium belongs to --usb" in answer.err


def test_verify_finds_a_changed_line(kiosk, log) -> None:
    sound = kiosk("events", "verify", "--json")
    assert sound.code == 0
    assert json.loads(sound.out)["head"]["seq"] == 5
    connection = sqlite3.connect(DataFolder(log).database)
    with connection:
        connection.execute("UPDATE events SET kind = 'stopped' WHERE seq = 2")
    connection.close()
    answer = kiosk("events", "verify")
    assert answer.code == 1
    assert "Event 2 is not as it was written" in answer.out
    assert json.loads(kiosk("events", "verify", "--json").out)["problems"][0]["seq"] == 2
