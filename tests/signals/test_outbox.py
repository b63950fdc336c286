"""The order of sending and what an acknowledgement is worth, with a link that is scripted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import Event, EventKind
from kiosk.errors import SignalsError
from kiosk.signals.link import Ack, Incoming
from kiosk.signals.messages import Message
from kiosk.signals.outbox import Outbox

LOG = [Event(EventKind.GRANTED, 0, seq=seq) for seq in range(1, 41)]


class ScriptedLink:
    """Takes what it is given; the test says what the broker acknowledges."""

    def __init__(self, window: int = 3) -> None:
        self.window = window
        self.complaint = ""
        self.sent: list[Message] = []
        self.is_up = True

    def publish(self, message: Message) -> int:
        self.sent.append(message)
        return len(self.sent)

    def subscribe(self, topic: str) -> None: ...
    def pump(self, timeout_s: float, wake_fd: int) -> None: ...
    def take_acks(self) -> list[Ack]:
        return []

    def take_incoming(self) -> list[Incoming]:
        return []

    def close(self) -> None: ...


def message(seq: int) -> Message:
    return Message("event", str(seq))


def feed(outbox: Outbox, count: int) -> None:
    after = outbox.read_up_to
    events = [event for event in LOG if event.seq is not None and event.seq > after]
    outbox.put_events([(event, message(event.seq or 0)) for event in events[:count]])


def test_no_more_than_the_window_is_on_its_way() -> None:
    link = ScriptedLink(3)
    outbox = Outbox(link, 0)
    feed(outbox, 10)
    outbox.send(0.0)
    outbox.send(0.0)
    assert [each.payload for each in link.sent] == ["1", "2", "3"]
    outbox.acked([Ack(1), Ack(2)])
    outbox.send(0.0)
    assert [each.payload for each in link.sent] == ["1", "2", "3", "4", "5"]
    assert outbox.cursor == 2


def test_the_cursor_waits_for_the_oldest() -> None:
    outbox = Outbox(ScriptedLink(3), 0)
    feed(outbox, 3)
    outbox.send(0.0)
    outbox.acked([Ack(3), Ack(2)])
    assert outbox.cursor == 0
    outbox.acked([Ack(1)])
    assert outbox.cursor == 3
    assert outbox.is_idle


def test_acknowledgements_of_nothing_change_nothing() -> None:
    outbox = Outbox(ScriptedLink(3), 0)
    feed(outbox, 2)
    outbox.send(0.0)
    outbox.acked([Ack(0), Ack(99), Ack(1), Ack(1)])
    assert outbox.cursor == 1


def test_a_refused_event_stays_and_what_came_before_it_counts() -> None:
    outbox = Outbox(ScriptedLink(3), 0)
    feed(outbox, 3)
    outbox.send(0.0)
    with pytest.raises(SignalsError, match="does not take event: not authorized"):
        outbox.acked([Ack(1), Ack(2, "not authorized"), Ack(3)])
    assert outbox.cursor == 1


def test_of_what_is_now_the_newest_counts() -> None:
    link = ScriptedLink(10)
    outbox = Outbox(link, 0)
    feed(outbox, 1)
    for word in ("a", "b", "c"):
        outbox.put(Message("state", word, is_retained=True))
    outbox.put(Message("availability", "online", is_retained=True))
    outbox.send(0.0)
    assert [each.payload for each in link.sent] == ["c", "online", "1"]


def test_answers_that_nobody_takes_do_not_pile_up() -> None:
    link = ScriptedLink(1000)
    outbox = Outbox(link, 0)
    for number in range(500):
        outbox.put(Message("result", str(number)))
    outbox.send(0.0)
    assert [each.payload for each in link.sent] == [str(number) for number in range(436, 500)]


def test_a_broker_that_owes_an_acknowledgement_is_noticed() -> None:
    outbox = Outbox(ScriptedLink(3), 0)
    assert outbox.oldest_wait_s(100.0) == 0
    feed(outbox, 2)
    outbox.send(10.0)
    assert outbox.oldest_wait_s(31.0) == 21.0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.booleans()), max_size=60))
def test_whatever_tears_every_event_arrives_in_order_at_least_once(
    script: list[tuple[int, int, bool]],
) -> None:
    """Each turn reads some events, acknowledges some of those sent, and may tear the link."""
    arrived: list[int] = []
    cursor = 0

    def run(outbox: Outbox, link: ScriptedLink, read: int, acks: int, done: int) -> int:
        feed(outbox, read)
        outbox.send(0.0)
        outbox.acked([Ack(mid) for mid in range(done + 1, min(done + acks, len(link.sent)) + 1)])
        assert outbox.cursor <= outbox.read_up_to
        return min(done + acks, len(link.sent))

    link, done = ScriptedLink(), 0
    outbox = Outbox(link, cursor)
    for read, acks, is_torn in script:
        done = run(outbox, link, read, acks, done)
        if is_torn:
            arrived += [int(each.payload) for each in link.sent]
            cursor, link, done = outbox.cursor, ScriptedLink(), 0
            assert cursor <= max(arrived, default=0)
            outbox = Outbox(link, cursor)
    while outbox.cursor < len(LOG):
        done = run(outbox, link, 5, 5, done)
    arrived += [int(each.payload) for each in link.sent]
    assert list(dict.fromkeys(arrived)) == [event.seq for event in LOG]
