"""A real broker, somebody who listens to it, and a lane on a real database."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from kiosk.domain import Event, EventKind
from kiosk.store.lane import StoreLane

WAIT_S = 20.0
PASSWORD = "correct horse"


class Broker:
    """Mosquitto on a port of its own; it can be killed and started again."""

    def __init__(self, folder: Path, program: str) -> None:
        self._folder, self._program = folder, program
        self.port = free_port()
        self.lines: list[str] = ["allow_anonymous true"]
        self.tls_lines: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    def require_password(self, user: str = "door") -> None:
        """Let nobody in without it. The form of the file is that of mosquitto_passwd."""
        salt = b"twelve bytes"
        digest = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), salt, 101)
        parts = ("7", "101", base64.b64encode(salt).decode(), base64.b64encode(digest).decode())
        users = self.write("users", f"{user}:${'$'.join(parts)}\n")
        self.lines = ["allow_anonymous false", f"password_file {users}"]

    def start(self) -> None:
        lines = [
            f"listener {self.port} 127.0.0.1",
            *self.tls_lines,
            f"user {os.environ.get('USER', 'root') if os.getuid() else 'root'}",
            *self.lines,
        ]
        path = self.write("mosquitto.conf", "\n".join(lines) + "\n")
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "-c", str(path)], stdout=log, stderr=log
            )
        self._wait_until_it_listens()

    def kill(self, number: int = signal.SIGKILL) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        if number == signal.SIGKILL:
            self._process.wait(WAIT_S)
            self._process = None

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT_S)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            assert self._process is not None and self._process.poll() is None, self.said
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        pytest.fail("the broker does not listen")

    @property
    def said(self) -> str:
        return (self._folder / "mosquitto.log").read_text()


class Receiver:
    """The building: keeps what it hears."""

    def __init__(self, port: int, topic: str, login: tuple[str, str] | None, ca: str) -> None:
        self._changed = threading.Condition()
        self._heard: list[tuple[str, bytes, bool]] = []
        self._is_ready = threading.Event()
        self._topic = topic
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, "the building", protocol=MQTTProtocolVersion.MQTTv5
        )
        if login:
            self.client.username_pw_set(*login)
        if ca:
            self.client.tls_set(ca)
        self.client.on_connect = self._connected
        self.client.on_subscribe = lambda *_: self._is_ready.set()
        self.client.on_disconnect = lambda *_: self._is_ready.clear()
        self.client.on_message = self._take
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.wait_until_it_listens()

    def wait_until_it_listens(self) -> None:
        assert self._is_ready.wait(WAIT_S)

    def wait_until_it_is_cut_off(self) -> None:
        deadline = time.monotonic() + WAIT_S
        while self._is_ready.is_set():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def _connected(self, *_: object) -> None:
        # With QoS 1 it would answer, and answering a broker that has died closes the connection
        # with what it had sent before still unread.
        self.client.subscribe(self._topic, qos=0)

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        with self._changed:
            self._heard.append((message.topic, bytes(message.payload), message.retain))
            self._changed.notify_all()

    def of(self, topic: str) -> list[Any]:
        """What came on a topic, as JSON or plain text."""
        with self._changed:
            found = [payload for heard, payload, _ in self._heard if heard == topic]
        return [json.loads(each) if each[:1] == b"{" else each.decode() for each in found]

    def topics(self) -> set[str]:
        with self._changed:
            return {topic for topic, _, _ in self._heard}

    def wait_for(self, is_there: Callable[[], bool], wait_s: float = WAIT_S) -> None:
        with self._changed:
            assert self._changed.wait_for(is_there, wait_s), self._heard[-20:]

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Log:
    """The kiosk's database."""

    def __init__(self, path: Path) -> None:
        self.lane = StoreLane(path)
        self.lane.start().result(WAIT_S)

    def write(self, count: int, kind: EventKind = EventKind.GRANTED, detail: str = "") -> list[int]:
        """Write events and return their numbers."""
        events = [Event(kind, 1_700_000_000_000, detail=detail) for _ in range(count)]
        stored = self.lane.submit(lambda store: store.events.append_all(events)).result(WAIT_S)
        return [event.seq for event in stored if event.seq is not None]

    def setting(self, key: str) -> str | None:
        return self.lane.submit(lambda store: store.settings.get(key)).result(WAIT_S)

    def of(self, kind: EventKind) -> list[str]:
        events = self.lane.submit(lambda store: store.events.query()).result(WAIT_S)
        return [event.detail for event in events if event.kind is kind]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that is not started yet."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("no mosquitto on this computer; install the package mosquitto")
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder, program)
    yield broker
    broker.end()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "kiosk.db")
    yield log
    log.lane.stop()


@pytest.fixture
def listen(broker: Broker) -> Iterator[Callable[..., Receiver]]:
    """Begin to listen to everything on the broker."""
    receivers: list[Receiver] = []

    def begin(login: tuple[str, str] | None = None, ca: str = "") -> Receiver:
        receivers.append(Receiver(broker.port, "#", login, ca))
        return receivers[-1]

    yield begin
    for receiver in receivers:
        receiver.stop()
