"""Against a real Mosquitto: what the building sees, and what an outage costs."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from kiosk.config import MqttConfig
from kiosk.domain import DoorState, DoorStatus, EventKind
from kiosk.doorinputs import DoorInputs
from kiosk.errors import RelayError, SignalsError
from kiosk.signals.commands import Command, CommandKind
from kiosk.signals.link import PahoLink
from kiosk.signals.messages import Message
from kiosk.signals.signals import Signals

WAIT_S = 20.0
ROOT = "door-kiosk/front"
PASSWORD = "correct horse"
EXAMPLE = Path(__file__).parents[2] / "packaging" / "mqtt" / "command.py"
SECRET = "0123456789abcdef0123456789abcdef"
LOCKED = DoorStatus(DoorState.LOCKED, "relay", False, inputs=DoorInputs(is_open=False))
UNLOCKED = DoorStatus(DoorState.UNLOCKED, "relay", False, is_unlocked=True)


class Links:
    """Makes real links and keeps hold of them, to tear them."""

    def __init__(self) -> None:
        self.made: list[PahoLink] = []
        self.is_barred = False

    def __call__(self, config: MqttConfig, client_id: str, will: Message, window: int) -> PahoLink:
        if self.is_barred:
            raise SignalsError("The test lets nobody connect now.")
        self.made.append(PahoLink(config, client_id, will, window))
        return self.made[-1]

    def tear(self) -> None:
        """Break the newest connection without taking leave."""
        sock = self.made[-1]._client.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)


Start = Callable[..., Signals]


def obey(_: Command) -> Future[None]:
    raise AssertionError("no command was expected")


@pytest.fixture
def links() -> Links:
    return Links()


@pytest.fixture
def start(broker: Any, log: Any, links: Links) -> Iterator[Start]:
    """Start the thread under test."""
    started: list[Signals] = []

    def begin(**settings: Any) -> Signals:
        on_command = settings.pop("on_command", obey)
        config = MqttConfig(
            **{"host": "127.0.0.1", "port": broker.port, "device_id": "front", **settings}
        )
        signals = Signals(
            config,
            log.lane,
            on_command,
            "Front",
            lambda: time.time_ns() // 1_000_000,
            links,
            waits_s=(0.1, 0.5),
        )
        signals.start()
        started.append(signals)
        return signals

    yield begin
    for signals in started:
        assert signals.stop(10.0)


@contextlib.contextmanager
def outage(broker: Any, receiver: Any, links: Links) -> Iterator[None]:
    """Kill the broker and start it again.

    What a broker loses after acknowledging it is not ours to keep: the building is back before
    the door is.
    """
    links.is_barred = True
    broker.kill()
    yield
    receiver.wait_until_it_is_cut_off()
    broker.start()
    receiver.wait_until_it_listens()
    links.is_barred = False


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def level(signals: Signals) -> str:
    return signals.health_row(0).level


def text(signals: Signals) -> str:
    return signals.health_row(0).text


def numbers(receiver: Any) -> list[int]:
    """Numbers of the events that came, doubles dropped."""
    return list(dict.fromkeys(event["seq"] for event in receiver.of(f"{ROOT}/event")))


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_the_building_sees_the_door_its_events_and_whether_the_kiosk_is_there(
    broker: Any, log: Any, listen: Any, start: Start, protocol: str
) -> None:
    broker.start()
    receiver = listen()
    signals = start(protocol=protocol)
    signals.door_changed(LOCKED)
    receiver.wait_for(lambda: receiver.of(f"{ROOT}/availability") == ["online"])
    receiver.wait_for(lambda: bool(receiver.of(f"{ROOT}/state")))
    state = receiver.of(f"{ROOT}/state")[-1]
    assert (state["lock"], state["state"], state["is_open"]) == ("LOCKED", "locked", False)
    assert "homeassistant/lock/door-kiosk-front-lock/config" in receiver.topics()

    signals.door_changed(UNLOCKED)
    written = log.write(120)
    signals.events_written()
    receiver.wait_for(lambda: len(numbers(receiver)) == 120)
    assert [event["seq"] for event in receiver.of(f"{ROOT}/event")] == written
    receiver.wait_for(lambda: receiver.of(f"{ROOT}/state")[-1]["lock"] == "UNLOCKED")
    assert level(signals) == "ok"
    assert signals.stop(10.0)
    receiver.wait_for(lambda: receiver.of(f"{ROOT}/availability") == ["online", "offline"])
    assert log.setting("mqtt.cursor") == str(written[-1])


def test_a_torn_connection_is_told_by_the_broker_and_mended(
    broker: Any, listen: Any, start: Start, links: Links
) -> None:
    broker.start()
    receiver = listen()
    signals = start()
    signals.door_changed(LOCKED)
    receiver.wait_for(lambda: bool(receiver.of(f"{ROOT}/state")))
    links.tear()
    receiver.wait_for(
        lambda: receiver.of(f"{ROOT}/availability") == ["online", "offline", "online"]
    )
    receiver.wait_for(lambda: len(receiver.of(f"{ROOT}/state")) == 2)


def test_duress_goes_out_apart_from_what_a_wall_may_show(
    broker: Any, log: Any, listen: Any, start: Start
) -> None:
    broker.start()
    receiver = listen()
    signals = start()
    wait_until(lambda: level(signals) == "ok")
    log.write(1)
    (secret,) = log.write(1, EventKind.DURESS)
    log.write(1)
    signals.events_written()
    receiver.wait_for(lambda: len(receiver.of(f"{ROOT}/event")) == 2)
    receiver.wait_for(lambda: len(receiver.of(f"{ROOT}/duress")) == 1)
    assert receiver.of(f"{ROOT}/duress")[0]["seq"] == secret
    others = [topic for topic in receiver.topics() if not topic.endswith("/duress")]
    assert not any("duress" in str(receiver.of(topic)) for topic in others)


def test_nothing_is_lost_and_order_is_kept_while_the_broker_is_killed_again_and_again(
    broker: Any, log: Any, listen: Any, start: Start, links: Links
) -> None:
    broker.start()
    receiver = listen()
    signals = start()
    wait_until(lambda: level(signals) == "ok")
    written: list[int] = []
    for _ in range(4):
        for _ in range(10):
            written += log.write(20)
            signals.events_written()
        with outage(broker, receiver, links):
            written += log.write(30)
            signals.events_written()
    receiver.wait_for(lambda: len(numbers(receiver)) == len(written))
    assert numbers(receiver) == written


def test_what_happened_while_the_kiosk_was_off_is_sent_at_the_next_start(
    broker: Any, log: Any, listen: Any, start: Start
) -> None:
    before = log.write(3)
    first = start()
    wait_until(lambda: log.setting("mqtt.cursor") == str(before[-1]))
    written = log.write(5)
    assert "cannot be reached" in text(first) or level(first) == "warning"
    assert first.stop(10.0)
    written += log.write(5)
    broker.start()
    receiver = listen()
    start()
    receiver.wait_for(lambda: len(numbers(receiver)) == 10)
    assert numbers(receiver) == written


def test_a_broker_that_hangs_holds_up_nobody(
    broker: Any, log: Any, listen: Any, start: Start
) -> None:
    broker.start()
    receiver = listen()
    signals = start()
    wait_until(lambda: level(signals) == "ok")
    broker.kill(signal.SIGSTOP)
    slowest_s = 0.0
    for _ in range(300):
        began_s = time.monotonic()
        signals.door_changed(LOCKED)
        signals.events_written()
        slowest_s = max(slowest_s, time.monotonic() - began_s)
    written = log.write(100)
    assert slowest_s < 0.5
    broker.kill(signal.SIGCONT)
    receiver.wait_for(lambda: len(numbers(receiver)) == 100)
    assert numbers(receiver) == written
    broker.kill(signal.SIGSTOP)
    log.write(5)
    began_s = time.monotonic()
    assert signals.stop(10.0)
    assert time.monotonic() - began_s < 5.0
    broker.kill(signal.SIGCONT)


def test_the_right_login_opens_and_a_wrong_one_is_told(
    broker: Any, listen: Any, start: Start
) -> None:
    broker.require_password()
    broker.start()
    receiver = listen(login=("door", PASSWORD))
    wrong = start(login_file=str(broker.write("wrong", "door\nnot this\n")))
    wait_until(lambda: "refuses this door" in text(wrong))
    right = start(login_file=str(broker.write("right", f"door\n{PASSWORD}\n")))
    receiver.wait_for(lambda: receiver.of(f"{ROOT}/availability") == ["online"])
    wait_until(lambda: level(right) == "ok")
    path = broker.write("open", f"door\n{PASSWORD}\n")
    path.chmod(0o604)
    shown = start(login_file=str(path), device_id="other")
    wait_until(lambda: "open to every user" in text(shown))


def test_an_event_that_the_broker_may_not_take_is_kept(
    broker: Any, log: Any, listen: Any, start: Start, links: Links
) -> None:
    everything = "topic readwrite #\n"
    acl = broker.write("acl", everything + f"topic deny {ROOT}/event\n")
    broker.lines.append(f"acl_file {acl}")
    broker.start()
    receiver = listen()
    signals = start()
    wait_until(lambda: log.setting("mqtt.cursor") is not None)
    written = log.write(3)
    signals.events_written()
    wait_until(lambda: f"does not take {ROOT}/event: not authorized" in text(signals))
    assert log.setting("mqtt.cursor") == "0"
    with outage(broker, receiver, links):
        broker.write("acl", everything)
    receiver.wait_for(lambda: numbers(receiver) == written)


def test_a_topic_that_is_refused_keeps_no_event_back(
    broker: Any, log: Any, listen: Any, start: Start
) -> None:
    acl = broker.write("acl", "topic readwrite #\ntopic deny homeassistant/#\n")
    broker.lines.append(f"acl_file {acl}")
    broker.start()
    receiver = listen()
    signals = start()
    wait_until(lambda: "does not take homeassistant/" in text(signals))
    written = log.write(3)
    signals.events_written()
    receiver.wait_for(lambda: numbers(receiver) == written)
    assert level(signals) == "warning"


# --- commands ---------------------------------------------------------------------------------


class Door:
    """Notes commands; says that the door cannot, where told so."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.refusal = ""

    def __call__(self, command: Command) -> Future[None]:
        self.commands.append(command)
        done: Future[None] = Future()
        if self.refusal:
            done.set_exception(RelayError(self.refusal))
        else:
            done.set_result(None)
        return done


def signed(kind: str, counter: int, **more: object) -> bytes:
    body = json.dumps({"command": kind, "counter": counter, "time_ms": now_ms(), **more}).encode()
    digest = hmac.new(SECRET.encode(), f"{ROOT}/command\n".encode() + body, hashlib.sha256)
    return digest.hexdigest().encode() + b"\n" + body


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def results(receiver: Any) -> list[tuple[int, bool]]:
    return [(each["counter"], each["ok"]) for each in receiver.of(f"{ROOT}/result")]


def test_without_being_allowed_no_command_is_even_read(
    broker: Any, log: Any, listen: Any, start: Start
) -> None:
    broker.start()
    receiver = listen()
    signals = start(secret_file=str(broker.write("secret", SECRET)))
    wait_until(lambda: level(signals) == "ok")
    receiver.client.publish(f"{ROOT}/command", signed("unlock", 1), qos=1).wait_for_publish(WAIT_S)
    written = log.write(1)
    signals.events_written()
    receiver.wait_for(lambda: numbers(receiver) == written)
    assert results(receiver) == []
    assert log.of(EventKind.COMMAND_RECEIVED) == log.of(EventKind.COMMAND_REFUSED) == []


def test_signed_commands_are_obeyed_once_and_never_again(
    broker: Any, log: Any, listen: Any, start: Start
) -> None:
    broker.start()
    receiver = listen()
    secret = str(broker.write("secret", SECRET))
    door = Door()
    first = start(commands="all", secret_file=secret, on_command=door)
    wait_until(lambda: level(first) == "ok")
    order = signed("unlock", 5, reason="parcel")

    def send(payload: bytes) -> None:
        receiver.client.publish(f"{ROOT}/command", payload, qos=1)

    send(order)
    receiver.wait_for(lambda: results(receiver) == [(5, True)])
    send(order)
    receiver.wait_for(lambda: results(receiver)[1:] == [(5, False)])
    send(signed("lockdown", 4))
    receiver.wait_for(lambda: results(receiver)[2:] == [(4, False)])
    door.refusal = "The door is locked down: end the lockdown first."
    send(signed("unlock", 6))
    receiver.wait_for(lambda: results(receiver)[3:] == [(6, False)])
    assert receiver.of(f"{ROOT}/result")[3]["reason"] == door.refusal
    assert first.stop(10.0)

    second = start(commands="all", secret_file=secret, on_command=door)
    wait_until(lambda: level(second) == "ok")
    send(signed("unlock", 6))
    receiver.wait_for(lambda: results(receiver)[4:] == [(6, False)])
    assert [command.counter for command in door.commands] == [5, 6]
    assert door.commands[0] == Command(CommandKind.UNLOCK, 5, "parcel")
    assert log.of(EventKind.COMMAND_RECEIVED) == ["unlock, counter 5", "unlock, counter 6"]
    assert log.of(EventKind.COMMAND_REFUSED) == [
        "unlock: its counter was used before",
        "lockdown: its counter was used before",
        f"unlock, counter 6: {door.refusal}",
        "unlock: its counter was used before",
    ]


def test_somebody_without_the_secret_gets_no_answer_and_cannot_fill_the_log(
    broker: Any, log: Any, listen: Any, start: Start
) -> None:
    broker.start()
    receiver = listen()
    door = Door()
    kept = broker.write("secret", SECRET)
    signals = start(commands="all", secret_file=str(kept), on_command=door)
    wait_until(lambda: level(signals) == "ok")
    for number in range(200):
        receiver.client.publish(f"{ROOT}/command", f"open, please {number}", qos=1)
    receiver.client.publish(f"{ROOT}/command", signed("lockdown", 1), qos=1)
    receiver.wait_for(lambda: results(receiver) == [(1, True)])
    assert [command.kind for command in door.commands] == [CommandKind.LOCKDOWN]
    assert log.of(EventKind.COMMAND_REFUSED) == ["not signed"] * 5


def test_the_example_for_integrators_opens_the_door(broker: Any, start: Start) -> None:
    broker.start()
    door = Door()
    secret = str(broker.write("secret", SECRET))
    signals = start(commands="all", secret_file=secret, on_command=door)
    wait_until(lambda: level(signals) == "ok")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        where = ("--host", "127.0.0.1", "--port", str(broker.port), "--topic", ROOT)
        line = (sys.executable, str(EXAMPLE), *where, "--secret", secret, *arguments)
        return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)

    found = run("unlock", "--reason", "parcel")
    assert (found.returncode, found.stdout) == (0, "done\n"), found.stderr
    assert run("free_access", "30").returncode == 0
    assert [(c.kind.value, c.reason, c.minutes) for c in door.commands] == [
        ("unlock", "parcel", None),
        ("free_access", "", 30),
    ]
    door.refusal = "The door is locked down."
    refused = run("unlock")
    assert (refused.returncode, refused.stdout) == (1, "refused: The door is locked down.\n")


def test_a_secret_that_others_can_read_is_no_secret(
    broker: Any, log: Any, listen: Any, start: Start
) -> None:
    broker.start()
    receiver = listen()
    kept = broker.write("secret", SECRET)
    kept.chmod(0o644)
    signals = start(commands="all", secret_file=str(kept), on_command=Door())
    wait_until(lambda: "No commands are taken" in text(signals))
    written = log.write(2)
    signals.events_written()
    receiver.wait_for(lambda: numbers(receiver) == written)


# --- TLS --------------------------------------------------------------------------------------


def openssl(*arguments: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl on this computer; install the package openssl")
    subprocess.run([program, *arguments], check=True, capture_output=True)


def authority(folder: Path, name: str) -> None:
    openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", "keyUsage=keyCertSign"),
        *("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")),
    )


def certificate(folder: Path, by: str, name: str) -> None:
    base = str(folder / name)
    openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-subj", f"/CN={name}", "-keyout", f"{base}.key", "-out", f"{base}.csr"),
    )
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=IP:127.0.0.1\n")
    openssl(
        *("x509", "-req", "-in", f"{base}.csr", "-CA", str(folder / f"{by}.pem")),
        *("-CAkey", str(folder / f"{by}.key"), "-CAcreateserial", "-days", "2"),
        *("-extfile", str(extensions), "-out", f"{base}.pem"),
    )
    Path(f"{base}.key").chmod(0o600)


def test_tls_speaks_to_the_right_broker_only_and_shows_its_own_certificate(
    broker: Any, log: Any, listen: Any, start: Start, tmp_path: Path
) -> None:
    for name in ("ours", "theirs"):
        authority(tmp_path, name)
    for name in ("server", "door"):
        certificate(tmp_path, "ours", name)
    ours = str(tmp_path / "ours.pem")
    broker.tls_lines = [
        f"cafile {ours}",
        f"certfile {tmp_path / 'server.pem'}",
        f"keyfile {tmp_path / 'server.key'}",
        "require_certificate true",
    ]
    broker.start()
    own = {"cert_file": str(tmp_path / "door.pem"), "key_file": str(tmp_path / "door.key")}
    wrong = start(tls=True, ca_file=str(tmp_path / "theirs.pem"), device_id="wrong", **own)
    wait_until(lambda: "certificate that is not believed" in text(wrong))
    assert wrong.stop(10.0)
    nobody = start(tls=True, ca_file=ours, device_id="nobody")
    wait_until(lambda: "TLS" in text(nobody) or "ended the connection" in text(nobody))
    assert nobody.stop(10.0)
    plain = start(device_id="plain")
    wait_until(lambda: "127.0.0.1" in text(plain) and level(plain) == "warning")
    assert plain.stop(10.0)
    signals = start(tls=True, ca_file=ours, **own)
    wait_until(lambda: level(signals) == "ok")
    written = log.write(60)
    signals.events_written()
    wait_until(lambda: log.setting("mqtt.cursor") == str(written[-1]))
    assert level(signals) == "ok"
