"""What waits to be sent and what waits to be acknowledged, on one connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.domain import Event
from kiosk.errors import SignalsError
from kiosk.signals.link import Ack, Link
from kiosk.signals.messages import Message

_MAX_NOTICES = 64


@dataclass(slots=True)
class _Sent:
    mid: int
    topic: str
    seq: int | None
    at_s: float
    is_acked: bool = False


class Outbox:
    """Sends in order, never more than the link's window at once; belongs to one connection."""

    def __init__(self, link: Link, cursor: int) -> None:
        self._link = link
        self._notices: deque[Message] = deque(maxlen=_MAX_NOTICES)
        self._events: deque[tuple[int, Message]] = deque()
        self._in_flight: deque[_Sent] = deque()
        self.cursor = cursor
        """The newest event that is acknowledged together with all before it."""
        self.read_up_to = cursor
        """The newest event that was put in."""
        self.complaint = ""
        """What the broker did not take of the rest, and why."""

    @property
    def waiting_events(self) -> int:
        return len(self._events)

    @property
    def is_idle(self) -> bool:
        return not (self._events or self._notices or self._in_flight)

    def put(self, message: Message) -> None:
        """Add something that is of now: a newer one takes the place of one that waits."""
        if message.is_retained:
            self._notices = deque(
                (each for each in self._notices if each.topic != message.topic), _MAX_NOTICES
            )
        self._notices.append(message)

    def put_events(self, events: Sequence[tuple[Event, Message]]) -> None:
        """Add the next events of the log, in order."""
        for event, message in events:
            if event.seq is not None:
                self._events.append((event.seq, message))
                self.read_up_to = event.seq

    def send(self, now_s: float) -> None:
        """Hand over what fits the window, notices first. Raises SignalsError."""
        while len(self._in_flight) < self._link.window:
            if self._notices:
                seq, message = None, self._notices.popleft()
            elif self._events:
                seq, message = self._events.popleft()
            else:
                return
            mid = self._link.publish(message)
            self._in_flight.append(_Sent(mid, message.topic, seq, now_s))

    def acked(self, acks: Sequence[Ack]) -> None:
        """Take acknowledgements. Raises SignalsError when the broker refuses an event."""
        refused = ""
        for ack in acks:
            sent = next((each for each in self._in_flight if each.mid == ack.mid), None)
            if sent is None:
                continue
            sent.is_acked = not ack.refusal or sent.seq is None
            if ack.refusal:
                self.complaint = f"The broker does not take {sent.topic}: {ack.refusal}."
                refused = refused or ("" if sent.seq is None else self.complaint)
        while self._in_flight and self._in_flight[0].is_acked:
            seq = self._in_flight.popleft().seq
            self.cursor = self.cursor if seq is None else seq
        if refused:
            raise SignalsError(refused)

    def oldest_wait_s(self, now_s: float) -> float:
        """How long the broker has owed an acknowledgement."""
        return now_s - self._in_flight[0].at_s if self._in_flight else 0.0
