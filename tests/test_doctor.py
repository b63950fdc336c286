"""The checks of the doctor, one by one and together."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk import cli, doctor
from kiosk.access.pin import PinVault
from kiosk.config import CameraConfig
from kiosk.datafolder import DataFolder
from kiosk.domain import Embedding, Event, EventKind, ModelId, Template
from kiosk.errors import CameraError
from kiosk.health import HealthRow, check_clock, check_disk, folder_owner, is_clock_synchronised
from kiosk.models.pack import builtin_folder, open_pack
from kiosk.personalpins import set_pin
from kiosk.recognition.thresholdfile import load_calibration
from kiosk.store.store import opened

NOW_MS = 1_795_000_000_000  # November 2026
EMBEDDER = ModelId("mobilefacenet-112", "1", "fp32")


def rows_of(answer: str) -> dict[str, HealthRow]:
    return {row["name"]: HealthRow(**row) for row in json.loads(answer)["checks"]}


@pytest.fixture
def examine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, dict[str, HealthRow]]]:
    """Run the doctor on ``tmp_path / "data"``; Qt itself is looked at in a test of its own."""
    monkeypatch.setattr(doctor, "check_qt", lambda environ: HealthRow("Screen", "ok", "not now"))

    def run(*arguments: str) -> tuple[int, dict[str, HealthRow]]:
        capsys.readouterr()
        code = cli.main(
            ["doctor", *arguments, "--json", "--data", str(tmp_path / "data")]
            + ([] if "--camera" in arguments else ["--camera", str(tmp_path / "pictures")])
        )
        return code, rows_of(capsys.readouterr().out)

    (tmp_path / "pictures").mkdir()
    cv2.imwrite(str(tmp_path / "pictures" / "grey.png"), np.full((120, 160, 3), 90, np.uint8))
    return run


class TestWhole:
    def test_an_empty_folder_lacks_models_and_stays_empty(self, examine, tmp_path) -> None:
        code, rows = examine()
        assert code == 1
        assert [row.name for row in rows.values() if row.level == "fault"] == ["Models"]
        assert "door-kiosk models import DIR" in rows["Models"].text
        assert rows["Camera"].level == "ok" and "160×120" in rows["Camera"].text
        assert rows["Relay"].level == "warning"
        assert rows["Database"].level == "warning"
        assert not (tmp_path / "data").exists()
        assert "contacts COM and NO" in rows["Lock"].text
        assert "the door is 'Door'" in rows["Rights"].text
        assert rows["Clock trust"].level in ("ok", "warning")
        assert rows["MQTT"].text == "off: no broker is set"

    @pytest.mark.shared
    def test_a_complete_folder_has_no_fault(self, examine, tmp_path, shared) -> None:
        data = str(tmp_path / "data")
        cli.main(["models", "import", str(shared / "models"), "--data", data])
        face = shared / "faces" / "london" / "L001" / "neutral_front.jpg"
        cli.main(["people", "add", "Ada", str(face), "--data", data])
        code, rows = examine()
        assert code == 0, rows
        assert rows["People"].text == "1 enrolled, 1 templates"
        assert "2 events, chain verified" in rows["Access log"].text
        assert "self-test 1.000" in rows["Models"].text
        shipped = builtin_folder() / "mobilefacenet-112.thresholds.json"
        known = load_calibration(shipped, EMBEDDER)
        assert f"rate of {known.rarest_fmr:.0e} ({known.people} people" in rows["Thresholds"].text
        assert rows["PIN"].level == "warning"

    @pytest.mark.shared
    def test_a_pack_without_thresholds_is_a_fault(self, examine, tmp_path, shared) -> None:
        cli.main(["models", "import", str(shared / "models"), "--data", str(tmp_path / "data")])
        (path,) = (tmp_path / "data" / "models").glob("pack-*/*.thresholds.json")
        path.unlink()
        code, rows = examine()
        assert code == 1 and "door-kiosk calibrate" in rows["Thresholds"].text

    @pytest.mark.shared
    def test_models_that_do_not_notice_photographs_are_told_of(
        self, examine, capsys, tmp_path, shared
    ) -> None:
        fewer = tmp_path / "fewer"
        fewer.mkdir()
        for path in (shared / "models").glob("*.onnx"):
            if not path.name.startswith("minifasnet"):
                shutil.copy(path, fewer)
        assert cli.main(["models", "import", str(fewer), "--data", str(tmp_path / "data")]) == 0
        assert "photographs of faces are not noticed" in capsys.readouterr().out
        _, rows = examine()
        assert rows["Liveness"].level == "warning"
        assert "models pull" in rows["Liveness"].text

    def test_it_looks_on_while_a_kiosk_runs(self, examine, tmp_path) -> None:
        folder = DataFolder(tmp_path / "data")
        with folder.exclusive(), opened(folder.database) as store:
            store.events.append(Event(EventKind.STARTED, NOW_MS))
            _, rows = examine("--relay", "lcus:/dev/ttyUSB0")
            store.events.append(Event(EventKind.STOPPED, NOW_MS))
        assert "a kiosk is running on it" in rows["Data folder"].text
        assert rows["Database"].level == "ok"
        assert "1 events, chain verified" in rows["Access log"].text
        # The running kiosk's relay is left alone.
        assert rows["Relay"].level == "ok" and "not tried" in rows["Relay"].text

    def test_wrong_settings_are_a_fault_and_the_rest_is_still_checked(
        self, examine, tmp_path
    ) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "config.toml").write_text("[door]\nrelais = 1\n")
        code, rows = examine()
        assert code == 1
        assert rows["Settings"].level == "fault" and "unknown key relais" in rows["Settings"].text
        assert rows["Disk"].level == "ok"

    def test_settings_of_the_door_that_cannot_be_meant_are_faults(self, examine, tmp_path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "config.toml").write_text(
            "[door]\nheld_s = 3\n"
            '[access]\nzone = "Europe/Bielefeld"\n'
            '[mqtt]\nhost = "broker"\ncommands = "all"\n'
        )
        code, rows = examine()
        assert code == 1
        for name, words in (("Lock", "prealarm_s"), ("Rights", "Bielefeld"), ("MQTT", "secret")):
            assert rows[name].level == "fault" and words in rows[name].text, name

    @pytest.mark.parametrize(
        ("schedule", "match"),
        [("passive", "names no time"), ("Mon 08:00-18:00 maybe", "end in one policy")],
    )
    def test_a_liveness_schedule_that_cannot_be_read_is_a_fault(
        self, examine, tmp_path, schedule: str, match: str
    ) -> None:
        path = tmp_path / "data" / "config.toml"
        path.parent.mkdir()
        path.write_text(f'[door]\nrelay = "nothing:"\n[liveness]\nschedule = "{schedule}"\n')
        code, rows = examine()
        assert code == 1
        assert rows["Settings"].level == "fault"
        assert f"{path}: [liveness] schedule: " in rows["Settings"].text
        assert match in rows["Settings"].text
        # The other settings are looked at as they are.
        assert rows["Relay"].level == "fault"
        path.write_text('[liveness]\nschedule = "Mon-Fri 08:00-18:00 off; else passive"\n')
        _, rows = examine()
        assert rows["Settings"] == HealthRow("Settings", "ok", str(path))

    def test_the_table_for_people(self, examine, capsys, tmp_path) -> None:
        code = cli.main(["doctor", "--camera", "/dev/no-camera", "--data", str(tmp_path / "data")])
        out = capsys.readouterr().out
        assert code == 1
        assert "FAULT" in out and "2 to be mended" in out

    def test_the_computer_itself(self, examine, capsys, tmp_path) -> None:
        _, rows = examine()
        assert rows["Memory"].level in ("ok", "warning") and "MiB available" in rows["Memory"].text
        assert rows["NPU"].level == "ok" and "Temperature" in rows
        cli.main(["doctor", "--json", "--data", str(tmp_path / "data")])
        board = json.loads(capsys.readouterr().out)["board"]
        assert board["memory_total_mib"] >= board["memory_available_mib"] > 0
        absent = {each["what"]: each["path"] for each in board["absent"]}
        for figure, key, path in (
            ("NPU load", "npu_load_percent", "/sys/kernel/debug/rknpu/load"),
            ("NPU clock", "npu_hz", "/sys/class/devfreq"),
            ("temperature", "temperatures", "/sys/class/thermal"),
        ):
            # Either there or said to be absent, with the place; never neither.
            assert bool(board[key]) != (absent.get(figure) == path), figure


class TestDatabase:
    def check(self, path: Path) -> dict[str, HealthRow]:
        found = doctor.check_database(DataFolder(path), None, None, EMBEDDER, 0.005)
        return {row.name: row for row in found}

    def test_a_changed_event_is_a_fault(self, tmp_path: Path) -> None:
        path = DataFolder(tmp_path).database
        with opened(path) as store:
            store.events.append(Event(EventKind.GRANTED, NOW_MS))
            PinVault(store.settings).set_pin("837291")
        connection = sqlite3.connect(path)
        with connection:
            connection.execute("UPDATE events SET at_ms = 1")
        connection.close()
        rows = self.check(tmp_path)
        assert rows["Access log"].level == "fault"
        assert "PIN" not in rows

    def test_a_file_that_is_no_database_is_a_fault(self, tmp_path: Path) -> None:
        DataFolder(tmp_path).database.write_bytes(b"hello" * 1000)
        assert self.check(tmp_path)["Database"].level == "fault"

    def test_look_alikes_without_a_pin_are_told_of(self, tmp_path: Path) -> None:
        with opened(DataFolder(tmp_path).database) as store:
            for name in ("Ada", "Eve", "Bo"):
                store.people.add(name, "", None, 0)
            store.look_alikes.mark(1, [2])
        assert "2 people look like somebody else" in self.check(tmp_path)["Look-alikes"].text
        with opened(DataFolder(tmp_path).database) as store:
            set_pin(store, 1, "7294")
            store.people.set_enabled(2, False)
        assert "Look-alikes" not in self.check(tmp_path)

    @pytest.mark.shared
    def test_people_and_their_templates(self, tmp_path: Path, shared: Path) -> None:
        folder = DataFolder(tmp_path)
        cli.main(["models", "import", str(shared / "models"), "--data", str(tmp_path)])
        pack = open_pack(folder.models)

        def row(name: str) -> HealthRow:
            found = doctor.check_database(folder, None, pack, EMBEDDER, 0.005)
            return {row.name: row for row in found}[name]

        def template(model: ModelId) -> Template:
            vector = np.zeros(128, np.float32)
            vector[0] = 1
            return Template(0, Embedding(vector, model), "photo", 0)

        assert row("People").text == "nobody is enrolled"
        other = ModelId("other", "1", "fp32")
        with opened(folder.database) as store:
            store.people.enrol("Ada", "", None, [template(EMBEDDER)], 0)
            store.people.enrol("Bo", "", None, [template(other)], 0)
        assert row("People").level == "warning"
        assert "1 people have templates of another model" in row("People").text
        with opened(folder.database) as store:
            store.people.delete(2)
            store.people.add_templates(1, [template(EMBEDDER)] * 2899)
        # 0.005 over 2900 templates is rarer than anything measured.
        assert row("Gallery").level == "warning"
        connection = sqlite3.connect(folder.database)
        with connection:
            connection.execute("UPDATE templates SET vector = zeroblob(512) WHERE id = 1")
        connection.close()
        assert row("People").level == "fault" and "1 are damaged" in row("People").text


class FakeCamera:
    """A live camera that shows the same picture, or fails."""

    name = "fake"
    is_live = True

    def __init__(self, pixels: np.ndarray | None, error: CameraError | None = None) -> None:
        self.pixels, self.error, self.closed = pixels, error, False

    def open(self) -> None:
        if self.error:
            raise self.error

    def read(self) -> np.ndarray | None:
        return self.pixels

    def close(self) -> None:
        self.closed = True


class TestCamera:
    def check(self, monkeypatch, camera: FakeCamera, owner: str | None = None) -> HealthRow:
        monkeypatch.setattr(doctor, "parse_source", lambda text, config: camera)
        ticks = iter(range(1000))
        row = doctor.check_camera("0", CameraConfig(), owner, lambda: next(ticks) / 20)
        assert camera.closed
        return row

    def test_size_and_rate(self, monkeypatch) -> None:
        row = self.check(monkeypatch, FakeCamera(np.full((48, 64, 3), 99, np.uint8)))
        assert row == HealthRow("Camera", "ok", "fake: 64×48, 20 frames/s")

    def test_a_black_picture_is_a_warning(self, monkeypatch) -> None:
        row = self.check(monkeypatch, FakeCamera(np.zeros((48, 64, 3), np.uint8)))
        assert row.level == "warning" and "lens" in row.text

    def test_no_picture_is_a_fault(self, monkeypatch) -> None:
        assert self.check(monkeypatch, FakeCamera(None)).level == "fault"

    def test_a_busy_camera_beside_a_running_kiosk_is_no_fault(self, monkeypatch) -> None:
        error = CameraError("The camera is busy.")
        assert self.check(monkeypatch, FakeCamera(None, error)).level == "fault"
        row = self.check(monkeypatch, FakeCamera(None, error), owner="42")
        assert row.level == "warning" and "process 42" in row.text

    def test_a_wrong_source_is_a_fault(self) -> None:
        row = doctor.check_camera("ftp://host/x", CameraConfig(), None)
        assert row.level == "fault" and "unknown scheme" in row.text


class TestScreen:
    def test_qt_really_starts(self) -> None:
        row = doctor.check_qt({**os.environ, "QT_QPA_PLATFORM": "offscreen"})
        assert row.level == "warning", row.text
        assert "platform offscreen" in row.text and "PySide6 6." in row.text

    def test_a_platform_that_aborts_is_a_fault(self) -> None:
        row = doctor.check_qt({**os.environ, "QT_QPA_PLATFORM": "no-such-platform"})
        assert row.level == "fault" and "no-such-platform" in row.text


class TestClock:
    def test_levels(self) -> None:
        assert check_clock(NOW_MS, True).level == "ok"
        assert check_clock(NOW_MS, None).level == "ok"
        assert check_clock(NOW_MS, False).level == "warning"
        assert check_clock(0, True).level == "fault"
        assert check_clock(10**18, True).level == "fault"
        assert "UTC" in check_clock(NOW_MS, True).text

    def test_the_flag_counts(self, tmp_path: Path) -> None:
        flag = tmp_path / "synchronized"
        assert is_clock_synchronised(flag) in (True, False, None)
        flag.touch()
        assert is_clock_synchronised(flag) is True


class TestDisk:
    def test_room(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def free(number: int) -> None:
            usage = shutil._ntuple_diskusage(10**12, 10**12 - number, number)  # type: ignore[attr-defined]
            monkeypatch.setattr("kiosk.health.shutil.disk_usage", lambda path: usage)

        for number, level in ((10**10, "ok"), (10**8, "warning"), (10**7, "fault")):
            free(number)
            assert check_disk(tmp_path).level == level
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_is_not_there_yet(self, tmp_path: Path) -> None:
        row = check_disk(tmp_path / "a" / "b")
        assert row.level == "ok" and "made at the first start" in row.text
        assert not (tmp_path / "a").exists()

    def test_a_file_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        assert check_disk(tmp_path / "a").level == "fault"

    def test_a_disk_that_cannot_be_written(self) -> None:
        assert check_disk(Path("/proc")).level == "fault"


def test_folder_owner(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    assert folder_owner(folder) is None
    with folder.exclusive():
        assert folder_owner(folder) == str(os.getpid())
        # Asking does not take the lock away.
        assert folder_owner(folder) is not None
    assert folder_owner(folder) is None
