"""The thread: off, faults that are bugs, and stopping while nobody answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from kiosk.config import MqttConfig
from kiosk.domain import DoorState, DoorStatus
from kiosk.errors import ConfigError
from kiosk.signals.commands import Command
from kiosk.signals.link import PahoLink
from kiosk.signals.messages import Message
from kiosk.signals.signals import MakeLink, Signals

LOCKED = DoorStatus(DoorState.LOCKED, "relay", False)


def obey(_: Command) -> Future[None]:
    raise AssertionError("no command was expected")


def make(log: Any, config: MqttConfig, link: MakeLink = PahoLink, name: str = "Front") -> Signals:
    return Signals(config, log.lane, obey, name, lambda: 1, link, waits_s=(0.01, 0.02))


class BrokenLinks:
    """A bug: connecting raises what nobody expects."""

    def __init__(self) -> None:
        self.tries = 0
        self.was_tried_again = threading.Event()

    def __call__(self, config: MqttConfig, client_id: str, will: Message, window: int) -> PahoLink:
        self.tries += 1
        if self.tries > 2:
            self.was_tried_again.set()
        raise ZeroDivisionError("a bug")


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_without_a_broker_nothing_runs_and_any_name_will_do(log: Any) -> None:
    signals = make(log, MqttConfig(), name="大門")
    before = threading.active_count()
    signals.start()
    signals.door_changed(LOCKED)
    signals.events_written()
    assert threading.active_count() == before
    assert signals.health_row(5).text == "off: no broker is set"
    assert signals.stop(1.0)
    assert log.setting("mqtt.cursor") is None


def test_settings_that_cannot_be_meant_are_refused_at_once(log: Any) -> None:
    with pytest.raises(ConfigError):
        make(log, MqttConfig(host="b", commands="all"))
    with pytest.raises(ConfigError):
        make(log, MqttConfig(host="b"), name="大門")


def test_a_bug_here_is_logged_and_takes_nothing_along(log: Any, caplog: Any) -> None:
    links = BrokenLinks()
    signals = make(log, MqttConfig(host="b"), links)
    signals.start()
    assert links.was_tried_again.wait(10.0)
    signals.door_changed(LOCKED)
    assert signals.health_row(0).text.startswith("A fault in the program; see its log.")
    assert signals.stop(5.0)
    assert "telling the building failed" in caplog.text


def test_a_broker_that_says_nothing_does_not_keep_the_program_from_ending(
    log: Any, silent_port: int
) -> None:
    signals = make(log, MqttConfig(host="127.0.0.1", port=silent_port))
    signals.start()
    signals.door_changed(LOCKED)
    assert signals.stop(5.0)
    signals.door_changed(LOCKED)
    signals.events_written()
    assert signals.stop(5.0)


def test_it_can_be_ended_before_it_began(log: Any) -> None:
    signals = make(log, MqttConfig(host="b"))
    signals.door_changed(LOCKED)
    assert signals.stop(1.0)
