"""What is done on one connection, in small steps; used on the thread ``mqtt``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from kiosk.config import MqttConfig
from kiosk.domain import DoorStatus, Event
from kiosk.errors import SignalsError, StoreError
from kiosk.signals.commands import Verifier
from kiosk.signals.discovery import discovery_messages
from kiosk.signals.lane import Lane
from kiosk.signals.link import CONNECT_TIMEOUT_S, Incoming, Link
from kiosk.signals.messages import (
    OFFLINE,
    ONLINE,
    Message,
    availability,
    event_message,
    state_message,
)
from kiosk.signals.notes import Position, events_after, save_cursor
from kiosk.signals.outbox import Outbox
from kiosk.signals.topics import Topics

WINDOW = 10
_BATCH = 50
_POLL_S = 2.0
_SAVE_EVERY_S = 2.0
_ACK_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Door:
    """Who speaks, and how."""

    config: MqttConfig
    topics: Topics
    name: str
    now_ms: Callable[[], int]


class Session:
    """Everything from the first packet to the last one of a connection.

    ``step`` raises SignalsError when the connection is of no use any more; then ``cursor`` says
    how far the broker has come.
    """

    def __init__(
        self,
        door: Door,
        link: Link,
        lane: Lane,
        position: Position,
        verifier: Verifier | None,
        on_message: Callable[[Verifier, Incoming], None],
        wake: Callable[[], None],
        now_s: float,
    ) -> None:
        """``verifier`` is None where no commands are taken. ``wake`` ends the wait in ``step``."""
        self._door, self._link, self._lane = door, link, lane
        self._log_id, self._verifier = position.log_id, verifier
        self._on_message, self._wake = on_message, wake
        self._outbox = Outbox(link, position.cursor)
        self._saved = position.cursor
        self._made_at_s = self._save_at_s = self._read_at_s = now_s
        self._is_greeted = False
        self._reading: Future[list[Event]] | None = None

    @property
    def cursor(self) -> int:
        return self._outbox.cursor

    @property
    def complaint(self) -> str:
        return self._outbox.complaint or self._link.complaint

    @property
    def is_up(self) -> bool:
        return self._is_greeted

    def say(self, message: Message) -> None:
        """Send something that is of now, after what is already on its way."""
        self._outbox.put(message)

    def say_state(self, status: DoorStatus) -> None:
        """Send what the door is like; the last one counts."""
        self._outbox.put(state_message(self._door.topics, status, self._door.now_ms()))

    def expect_events(self) -> None:
        """Look into the log at the next step."""
        self._read_at_s = 0.0

    def step(self, now_s: float, wait_s: float, wake_fd: int) -> None:
        """Send and receive once, waiting ``wait_s`` at most. Raises SignalsError."""
        if self._is_greeted:
            self._read(now_s)
            self._outbox.send(now_s)
        try:
            self._link.pump(wait_s, wake_fd)
        finally:
            # What it said with its last breath counts.
            self._outbox.acked(self._link.take_acks())
        if not self._is_greeted:
            self._greet(now_s)
        if self._outbox.oldest_wait_s(now_s) > _ACK_TIMEOUT_S:
            raise SignalsError("The broker takes messages and does not acknowledge them.")
        if self._verifier is not None:
            for message in self._link.take_incoming():
                self._on_message(self._verifier, message)
        if now_s >= self._save_at_s:
            self.save(now_s)

    def save(self, now_s: float) -> None:
        """Note on the disk how far the broker has come; not for every event, and never waiting."""
        if self.cursor != self._saved:
            # A failure costs doubles only: it is tried again with the next event.
            self._lane.submit(partial(save_cursor, cursor=self.cursor))
            self._saved, self._save_at_s = self.cursor, now_s + _SAVE_EVERY_S

    def farewell(self) -> None:
        """Say that the door goes."""
        self.say(availability(self._door.topics, OFFLINE))

    @property
    def is_idle(self) -> bool:
        return self._outbox.is_idle and self._reading is None

    def _greet(self, now_s: float) -> None:
        if not self._link.is_up:
            if now_s - self._made_at_s > CONNECT_TIMEOUT_S:
                raise SignalsError("The broker takes the connection and then says nothing.")
            return
        self._is_greeted = True
        self.expect_events()
        for message in discovery_messages(self._door.config, self._door.topics, self._door.name):
            self._outbox.put(message)
        self._outbox.put(availability(self._door.topics, ONLINE))
        if self._verifier is not None:
            self._link.subscribe(self._verifier.topic)

    def _read(self, now_s: float) -> None:
        if self._reading is not None:
            if not self._reading.done():
                return
            self._take(self._reading, now_s)
            self._reading = None
        if self._outbox.waiting_events == 0 and now_s >= self._read_at_s:
            # Not only when told: what the disk did not take at once comes late.
            self._read_at_s = now_s + _POLL_S
            after = self._outbox.read_up_to
            self._reading = self._lane.submit(partial(events_after, seq=after, limit=_BATCH))
            self._reading.add_done_callback(lambda _done: self._wake())

    def _take(self, reading: Future[list[Event]], now_s: float) -> None:
        error = reading.exception()
        if isinstance(error, StoreError):
            return
        if error is not None:
            raise error
        events = reading.result()
        names, topics = self._door.config.names, self._door.topics
        self._outbox.put_events(
            [(event, event_message(topics, event, self._log_id, names=names)) for event in events]
        )
        if len(events) == _BATCH:
            self.expect_events()
