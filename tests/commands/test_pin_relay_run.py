"""The small commands: PIN, relay, run."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from kiosk import cli
from kiosk.access.lockout import read_lockout_clock
from kiosk.access.pin import PinVault
from kiosk.commands import run
from kiosk.datafolder import DataFolder
from kiosk.door import drivers
from kiosk.door.detect import Finding
from kiosk.door.drivers import PortInfo
from kiosk.door.simulated import SimulatedRelay
from kiosk.doorinputs import DoorInputs
from kiosk.store.store import opened

PIN = "837291"


class Terminal(io.StringIO):
    """Standard input that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


class TestPin:
    def type_in(self, monkeypatch: pytest.MonkeyPatch, *entries: str) -> None:
        waiting = list(entries)
        monkeypatch.setattr("sys.stdin", Terminal())
        monkeypatch.setattr("getpass.getpass", lambda prompt: waiting.pop(0))

    def accepts(self, data: Path, pin: str) -> bool:
        with opened(DataFolder(data).database) as store:
            return PinVault(store.settings).check(pin, read_lockout_clock()).accepted

    def test_set_asks_twice(self, kiosk, data, monkeypatch) -> None:
        self.type_in(monkeypatch, PIN, PIN)
        answer = kiosk("pin", "set")
        assert answer.code == 0, answer.err
        assert PIN not in answer.out
        assert self.accepts(data, PIN)
        assert "pin_changed" in kiosk("events", "list").out

    def test_a_slip_changes_nothing(self, kiosk, data, monkeypatch) -> None:
        self.type_in(monkeypatch, PIN, "837292")
        answer = kiosk("pin", "set")
        assert answer.code == 1 and "differ" in answer.err
        with opened(DataFolder(data).database) as store:
            assert not PinVault(store.settings).is_set()
            assert store.events.query() == []

    def test_a_weak_one_is_not_asked_twice(self, kiosk, data, monkeypatch) -> None:
        self.type_in(monkeypatch, "123456")
        answer = kiosk("pin", "set")
        assert answer.code == 1 and "counts up" in answer.err

    def test_from_a_pipe_one_line_is_read(self, kiosk, data, monkeypatch) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{PIN}\nrest\n"))
        assert kiosk("pin", "set").code == 0
        assert self.accepts(data, PIN)
        monkeypatch.setattr("sys.stdin", io.StringIO(""))
        assert kiosk("pin", "set").code == 1

    def test_reset_clears_pin_and_lockout(self, kiosk, data) -> None:
        DataFolder(data).create()
        with opened(DataFolder(data).database) as store:
            vault = PinVault(store.settings)
            vault.set_pin(PIN)
            for _ in range(5):
                verdict = vault.check("000001", read_lockout_clock())
            assert verdict.wait_s > 0
        assert kiosk("pin", "reset").code == 0
        with opened(DataFolder(data).database) as store:
            vault = PinVault(store.settings)
            assert not vault.is_set()
            vault.set_pin(PIN)
            assert vault.check(PIN, read_lockout_clock()).accepted
            vault.clear()
        assert "There was no PIN" in kiosk("pin", "reset").out


class TestRelay:
    def test_list_shows_ports(self, kiosk, monkeypatch) -> None:
        port = PortInfo("/dev/serial/by-path/x", "/dev/ttyUSB0", "USB Serial")
        monkeypatch.setattr(drivers, "list_ports", lambda: [port])
        assert "relay test lcus:/dev/serial/by-path/x" in kiosk("relay", "list").out
        tree = json.loads(kiosk("relay", "list", "--json").out)
        assert tree["ports"][0]["device"] == "/dev/ttyUSB0"
        monkeypatch.setattr(drivers, "list_ports", list)
        assert "No serial port was found" in kiosk("relay", "list").out

    def test_pulse(self, kiosk, monkeypatch) -> None:
        relay = SimulatedRelay()
        monkeypatch.setattr(drivers, "parse_relay", lambda url: relay)
        answer = kiosk("relay", "test", "sim:", "--pulse", "0.1")
        assert answer.code == 0
        on, off = relay.edges
        assert (on.is_on, off.is_on) == (True, False)
        assert 0.1e9 <= off.at_ns - on.at_ns < 2e9
        assert "simulated: nothing was switched" in answer.out

    def test_an_interruption_switches_off(self, kiosk, monkeypatch) -> None:
        relay = SimulatedRelay()
        monkeypatch.setattr(drivers, "parse_relay", lambda url: relay)
        before = signal.getsignal(signal.SIGTERM)

        def terminated(seconds: float) -> None:
            assert relay.is_on
            os.kill(os.getpid(), signal.SIGTERM)

        monkeypatch.setattr("kiosk.commands.relay.time", SimpleNamespace(sleep=terminated))
        assert kiosk("relay", "test", "sim:").code == 130
        assert not relay.is_on
        assert signal.getsignal(signal.SIGTERM) is before

    def test_the_timer_of_the_board(self, kiosk, monkeypatch) -> None:
        class Timed(SimulatedRelay):
            def pulse(self, seconds: float) -> float:
                self.switch_on()
                return 0.3

        relay = Timed()
        monkeypatch.setattr(drivers, "parse_relay", lambda url: relay)
        slept: list[float] = []
        monkeypatch.setattr("kiosk.commands.relay.time", SimpleNamespace(sleep=slept.append))
        answer = kiosk("relay", "test", "sim:", "--pulse", "0.25", "--board-timer")
        assert answer.code == 0 and "On for 0.3 s by the board's own timer" in answer.out
        assert slept == [pytest.approx(0.5)]
        assert not relay.is_on
        relay = SimulatedRelay()
        answer = kiosk("relay", "test", "sim:", "--pulse", "0.25", "--board-timer")
        assert slept[1:] == [0.25] and "no timer for such a pulse" in answer.out

    def test_wires_are_shown_as_they_change(self, kiosk, monkeypatch) -> None:
        relay = SimulatedRelay(inputs=DoorInputs(is_open=False, exit_pressed=False))
        monkeypatch.setattr(drivers, "parse_relay", lambda url: relay)
        end = DoorInputs(True, True)
        moves = iter([DoorInputs(True, False), DoorInputs(True, False), end, end])
        times = iter([0.0, 1.0, 2.0, 3.0, 99.0])
        fake = SimpleNamespace(
            sleep=lambda seconds: relay.set_inputs(next(moves)), monotonic=times.__next__
        )
        monkeypatch.setattr("kiosk.commands.relay.time", fake)
        answer = kiosk("relay", "wires", "sim:", "--seconds", "10")
        assert answer.code == 0
        assert answer.out.splitlines()[1:] == [
            "door shut, exit button not pressed",
            "door open, exit button not pressed",
            "door open, exit button pressed",
        ]
        assert relay.edges == ()
        assert "Wires: door open, exit button pressed." in kiosk("relay", "test", "sim:").out

    def test_a_url_without_wires_has_none_to_show(self, kiosk) -> None:
        answer = kiosk("relay", "wires", "sim:")
        assert answer.code == 1 and "names no wires" in answer.out

    def test_detect_prints_the_setting(self, kiosk, monkeypatch) -> None:
        port = PortInfo("/dev/serial/by-path/x", "/dev/ttyUSB0", "USB Serial")
        monkeypatch.setattr(drivers, "list_ports", lambda: [port])
        found = Finding(port.path, "LCUS board that answers", f"lcus:{port.path}?channel=1")
        monkeypatch.setattr("kiosk.door.detect.detect", lambda path: found)
        answer = kiosk("relay", "detect")
        assert answer.code == 0
        assert f'relay = "lcus:{port.path}?channel=1"' in answer.out
        tree = json.loads(kiosk("relay", "detect", "--json").out)
        assert tree["findings"][0]["board"] == "LCUS board that answers"

    def test_detect_without_a_find_says_what_is_silent(self, kiosk, monkeypatch) -> None:
        monkeypatch.setattr("kiosk.door.detect.detect", Finding)
        answer = kiosk("relay", "detect", "/dev/a", "/dev/b")
        assert answer.code == 1
        assert "/dev/b: nothing known answers." in answer.out and "HW-667" in answer.out
        monkeypatch.setattr(drivers, "list_ports", list)
        assert "No serial port was found" in kiosk("relay", "detect").out

    def test_detect_names_the_trouble_of_a_port(self, kiosk) -> None:
        assert "There is no serial port" in kiosk("relay", "detect", "/dev/no-such-port").out

    def test_off_is_that_of_the_settings(self, kiosk, data, monkeypatch) -> None:
        relay, urls = SimulatedRelay(), []

        def parse(url: str) -> SimulatedRelay:
            urls.append(url)
            return relay

        monkeypatch.setattr(drivers, "parse_relay", parse)
        relay.connect()
        relay.switch_on()
        data.mkdir()
        (data / "config.toml").write_text('[door]\nrelay = "lcus:/dev/ttyUSB7"\n')
        answer = kiosk("relay", "off")
        assert answer.code == 0 and answer.out == f"{relay.description}: off.\n"
        assert not relay.is_on
        kiosk("relay", "off", "modbus:/dev/ttyUSB8")
        assert urls == ["lcus:/dev/ttyUSB7", "modbus:/dev/ttyUSB8"]
        assert [edge.is_on for edge in relay.edges] == [True, False]

    def test_a_relay_that_cannot_be_switched_off_is_told(self, kiosk) -> None:
        answer = kiosk("relay", "off", "lcus:/dev/no-such-port")
        assert answer.code == 1 and "There is no serial port" in answer.err

    def test_faults_are_sentences(self, kiosk) -> None:
        answer = kiosk("relay", "test", "lcus:/dev/no-such-port")
        assert answer.code == 1 and "There is no serial port" in answer.err
        assert kiosk("relay", "test", "usb:").code == 1


class FakeApp:
    """Stands in for ui.app."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def main(self, config, folder, *, windowed, seconds):
        self.calls.append((config, folder, windowed, seconds))
        return 7


class TestRun:
    @pytest.fixture
    def app(self, monkeypatch: pytest.MonkeyPatch) -> FakeApp:
        app = FakeApp()
        monkeypatch.setitem(sys.modules, "ui.app", app)
        libraries = SimpleNamespace(
            choose_platform=lambda environ: "offscreen",
            missing_libraries_sentence=lambda platform: None,
            explain_import_error=lambda error: None,
        )
        monkeypatch.setitem(sys.modules, "ui.systemlibs", libraries)
        self.libraries = libraries
        return app

    def test_options_go_before_the_settings(self, kiosk, app, data) -> None:
        data.mkdir()
        (data / "config.toml").write_text(
            '[camera]\nsource = "3"\nwidth_px = 640\n[door]\nrelay = "lcus:/dev/ttyUSB0"\n'
        )
        assert kiosk("run", "--camera", "test", "--windowed", "--seconds", "2").code == 7
        assert kiosk("run", "--relay", "sim:").code == 7
        (config, folder, windowed, seconds), (second, *_) = app.calls
        assert (config.camera.source, config.camera.width_px) == ("test", 640)
        assert config.door.relay == "lcus:/dev/ttyUSB0"
        assert (folder.root, windowed, seconds) == (data, True, 2.0)
        assert (second.camera.source, second.door.relay) == ("3", "sim:")

    def test_another_settings_file(self, kiosk, app, tmp_path) -> None:
        path = tmp_path / "other.toml"
        path.write_text("[camera]\nsorce = 1\n")
        answer = kiosk("run", "--config", path)
        assert answer.code == 1 and "unknown key sorce" in answer.err
        assert kiosk("run", "--config", tmp_path / "absent.toml").code == 1
        assert app.calls == []

    def test_missing_libraries_are_one_line(self, kiosk, app) -> None:
        self.libraries.missing_libraries_sentence = lambda platform: "Missing libEGL.so.1."
        answer = kiosk("run")
        assert (answer.code, answer.err) == (1, "door-kiosk: Missing libEGL.so.1.\n")

    def test_missing_qt_is_one_line(self, kiosk, app, monkeypatch) -> None:
        def absent(name: str) -> object:
            if name == "ui.app":
                raise ModuleNotFoundError("No module named 'PySide6'", name="PySide6.QtCore")
            return self.libraries

        monkeypatch.setattr(run.importlib, "import_module", absent)
        answer = kiosk("run")
        assert answer.code == 1 and "pip install PySide6-Essentials" in answer.err

    def test_another_import_error_is_a_bug(self, app, monkeypatch, capsys) -> None:
        def broken(name: str) -> object:
            if name == "ui.app":
                raise ImportError("cannot import name 'x'", name="ui.window")
            return self.libraries

        monkeypatch.setattr(run.importlib, "import_module", broken)
        assert cli.main(["run"]) == 70
        assert "cannot import name" in capsys.readouterr().err


@pytest.mark.shared
def test_run_for_real_as_a_process(with_models: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "kiosk.cli", "run", "--camera", "test", "--relay", "sim:"),
            *("--seconds", "2", "--data", str(with_models)),
        ],
        cwd=Path(cli.__file__).parents[1],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    with opened(DataFolder(with_models).database) as store:
        kinds = [event.kind.value for event in store.events.query()]
    assert kinds[0] == "started" and kinds[-1] == "stopped"
