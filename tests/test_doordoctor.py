"""What the doctor finds at the door, at the clock and at the broker's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kiosk import doordoctor
from kiosk.access.lockout import LockoutClock
from kiosk.clockstate import MADE_MS, ClockSources
from kiosk.clockwatch import MEMORY_KEY
from kiosk.config import AccessConfig, Config, DoorConfig, KioskConfig, MqttConfig
from kiosk.datafolder import DataFolder
from kiosk.door.simulated import SimulatedRelay
from kiosk.doorinputs import DoorInputs
from kiosk.errors import RelayError
from kiosk.health import HealthRow
from kiosk.store.store import opened


class WiredRelay(SimulatedRelay):
    """Says that a door hangs on it."""

    is_simulated = False


class DeafRelay(WiredRelay):
    """Has wires that its board cannot read."""

    def inputs(self) -> DoorInputs:
        raise RelayError("The relay on /dev/x has no inputs: wire modem lines.")


class TestRelay:
    def check(self, monkeypatch: pytest.MonkeyPatch, relay: SimulatedRelay) -> dict[str, HealthRow]:
        monkeypatch.setattr(doordoctor, "parse_relay", lambda url: relay)
        rows = {row.name: row for row in doordoctor.check_relay("lcus:/dev/x", None)}
        with pytest.raises(RelayError):
            relay.check()  # it was closed
        assert relay.edges == ()
        return rows

    def test_it_connects_and_never_clicks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = self.check(monkeypatch, WiredRelay())
        assert rows["Relay"].level == "ok" and "guard alone ends a pulse" in rows["Relay"].text
        assert rows["Wires"].level == "ok" and "none are named" in rows["Wires"].text

    def test_it_says_what_the_wires_say(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = self.check(monkeypatch, WiredRelay(inputs=DoorInputs(True, False)))
        assert rows["Wires"] == HealthRow("Wires", "ok", "door open, exit button not pressed")
        rows = self.check(monkeypatch, WiredRelay(inputs=DoorInputs(exit_pressed=True)))
        assert rows["Wires"].text.startswith("exit button pressed; without a door sensor")

    def test_wires_at_a_board_without_inputs_are_a_fault(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = self.check(monkeypatch, DeafRelay(inputs=DoorInputs(False)))
        assert rows["Relay"].level == "ok"
        assert rows["Wires"].level == "fault" and "has no inputs" in rows["Wires"].text

    def test_a_missing_port_is_a_fault(self) -> None:
        (row,) = doordoctor.check_relay("lcus:/dev/no-such-port", None)
        assert row.level == "fault" and "There is no serial port" in row.text

    def test_a_wrong_url_is_a_fault(self) -> None:
        assert doordoctor.check_relay("lcus:/dev/x?channel=9", None)[0].level == "fault"


class TestRules:
    def test_the_contact_is_that_of_the_lock(self) -> None:
        strike = doordoctor.check_lock(DoorConfig())
        maglock = doordoctor.check_lock(DoorConfig(wiring="maglock"))
        assert strike.level == maglock.level == "ok"
        assert "COM and NO" in strike.text and "COM and NC" in maglock.text

    def test_times_that_do_not_fit_are_a_fault(self) -> None:
        row = doordoctor.check_lock(DoorConfig(held_s=4, prealarm_s=5))
        assert row.level == "fault" and "prealarm_s" in row.text

    def test_the_zone_must_exist(self) -> None:
        row = doordoctor.check_access(Config(access=AccessConfig(zone="Europe/Bielefeld")))
        assert row.level == "fault" and "Europe/Bielefeld" in row.text

    def test_zone_and_door_are_told(self) -> None:
        config = Config(access=AccessConfig(zone="Europe/Berlin"), kiosk=KioskConfig(door_name="X"))
        row = doordoctor.check_access(config)
        assert row.level == "ok" and "Europe/Berlin" in row.text and "'X'" in row.text


class TestClockTrust:
    NOW = LockoutClock(60_000_000_000, "this boot")
    NOBODY = ClockSources(False, False, False)

    def check(
        self, path: Path, sources: ClockSources = NOBODY, now_ms: int = MADE_MS + 10**9
    ) -> HealthRow:
        folder = DataFolder(path)
        return doordoctor.check_clock_trust(folder, None, "permanent", now_ms, self.NOW, sources)

    def remember(self, path: Path, wall_ms: int, boot_id: str, is_doubted: bool = False) -> None:
        seen = {"wall_ms": wall_ms, "mono_ns": 0, "boot_id": boot_id, "is_doubted": is_doubted}
        with opened(DataFolder(path).database) as store:
            store.settings.set(MEMORY_KEY, json.dumps(seen))

    @pytest.mark.parametrize(
        ("sources", "words"),
        [
            (ClockSources(True, True, False), "a time server keeps it"),
            (ClockSources(False, True, False), "a time server has set it"),
            (ClockSources(False, False, True), "battery"),
        ],
    )
    def test_who_vouches_is_told(self, tmp_path: Path, sources: ClockSources, words: str) -> None:
        row = self.check(tmp_path, sources)
        assert row.level == "ok" and words in row.text

    def test_a_clock_that_nobody_vouches_for_is_a_warning(self, tmp_path: Path) -> None:
        row = self.check(tmp_path)
        assert row.level == "warning"
        assert "kept no time" in row.text and "whose rights depend on the time" in row.text
        assert list(tmp_path.iterdir()) == []

    def test_a_time_before_this_program_is_a_warning(self, tmp_path: Path) -> None:
        row = self.check(tmp_path, ClockSources(True, True, True), now_ms=0)
        assert row.level == "warning" and "before this program was made" in row.text

    def test_what_the_last_run_knew_counts(self, tmp_path: Path) -> None:
        wall_ms = MADE_MS + 10**9
        self.remember(tmp_path, wall_ms - 60_000, "this boot")
        assert "since it was believed last" in self.check(tmp_path).text
        self.remember(tmp_path, wall_ms - 600_000, "this boot")
        assert "was set while the program was not running" in self.check(tmp_path).text
        self.remember(tmp_path, wall_ms + 60_000, "another boot")
        battery = ClockSources(False, False, True)
        assert "earlier time than before" in self.check(tmp_path, battery).text
        self.remember(tmp_path, wall_ms, "another boot", is_doubted=True)
        assert "nobody has confirmed it" in self.check(tmp_path, battery).text

    def test_a_broken_database_is_told_elsewhere(self, tmp_path: Path) -> None:
        DataFolder(tmp_path).database.write_bytes(b"hello" * 1000)
        assert self.check(tmp_path, ClockSources(True, True, True)).level == "ok"


class TestMqtt:
    def check(self, **settings: object) -> HealthRow:
        return doordoctor.check_mqtt(MqttConfig(host="broker", **settings), "Front door")  # type: ignore[arg-type]

    def test_it_is_off_without_a_broker(self) -> None:
        row = doordoctor.check_mqtt(MqttConfig(), "Front door")
        assert row == HealthRow("MQTT", "ok", "off: no broker is set")

    def test_tls_is_asked_for(self) -> None:
        row = self.check()
        assert row.level == "warning" and "without TLS" in row.text
        assert "broker:1883, topics door-kiosk/front-door/…, commands: off" in row.text
        row = self.check(tls=True)
        assert row.level == "ok" and "broker:8883" in row.text

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"login_file": "/no/such/file"}, "login file"),
            ({"tls": True, "ca_file": "/no/such/file"}, "certificates"),
            ({"ca_file": "/no/such/file"}, "no TLS"),
            ({"commands": "all"}, "secret_file"),
            ({"commands": "all", "secret_file": "/no/such/file"}, "secret of the commands"),
            ({"device_id": "a door"}, "device_id"),
        ],
    )
    def test_what_is_missing_is_a_fault(self, settings: dict[str, object], words: str) -> None:
        row = self.check(**settings)
        assert row.level == "fault" and words in row.text

    def test_files_that_are_there_are_read(self, tmp_path: Path) -> None:
        login, secret = tmp_path / "login", tmp_path / "secret"
        login.write_text("door\nword\n")
        secret.write_text("0123456789abcdef" * 4)
        for path in (login, secret):
            path.chmod(0o600)
        files = {"login_file": str(login), "secret_file": str(secret)}
        assert self.check(tls=True, commands="all", **files).level == "ok"
        secret.chmod(0o644)
        row = self.check(tls=True, commands="all", **files)
        assert row.level == "fault" and "chmod o=" in row.text
