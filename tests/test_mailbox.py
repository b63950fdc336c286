"""The mailbox: the newest value, one at a time, and nobody waits for ever."""

from __future__ import annotations

import threading
import time

import pytest

from kiosk.mailbox import Mailbox


def test_an_empty_mailbox_gives_nothing_at_once() -> None:
    started = time.monotonic()

    assert Mailbox[int]().take() is None
    assert time.monotonic() - started < 0.5


def test_a_value_is_read_once() -> None:
    box = Mailbox[str]()

    assert box.put("a") is True
    assert box.take() == "a"
    assert box.take() is None
    assert (box.taken, box.dropped) == (1, 0)


def test_the_newest_value_wins_and_the_loss_is_counted() -> None:
    box = Mailbox[int]()

    assert [box.put(value) for value in range(5)] == [True, False, False, False, False]
    assert box.take() == 4
    assert (box.taken, box.dropped) == (1, 4)
    assert box.put(5) is True


@pytest.mark.parametrize("value", [0, "", False, ()])
def test_a_value_may_be_false(value: object) -> None:
    box = Mailbox[object]()
    box.put(value)

    assert box.take(timeout_s=1) == value
    assert box.taken == 1


def test_waiting_ends_with_the_value() -> None:
    box = Mailbox[str]()
    reading = threading.Event()
    found: list[str | None] = []

    def read() -> None:
        reading.set()
        found.append(box.take(timeout_s=10))

    reader = threading.Thread(target=read)
    reader.start()
    reading.wait(5)
    box.put("late")
    reader.join(5)

    assert found == ["late"]


def test_waiting_ends_with_the_time() -> None:
    box = Mailbox[str]()
    started = time.monotonic()

    assert box.take(timeout_s=0.05) is None
    assert 0.04 < time.monotonic() - started < 2


def test_closing_wakes_every_reader() -> None:
    box = Mailbox[str]()
    found: list[str | None] = []
    readers = [
        threading.Thread(target=lambda: found.append(box.take(timeout_s=30))) for _ in range(3)
    ]
    for reader in readers:
        reader.start()

    box.close()

    for reader in readers:
        reader.join(5)
    assert found == [None, None, None]


def test_a_closed_mailbox_takes_and_gives_nothing() -> None:
    box = Mailbox[str]()
    box.put("unread")
    box.close()
    box.close()

    assert box.put("more") is False
    started = time.monotonic()
    assert box.take(timeout_s=30) is None
    assert time.monotonic() - started < 5


def test_nothing_is_lost_uncounted_between_threads() -> None:
    box = Mailbox[int]()
    count = 5000
    read: list[int] = []

    def write() -> None:
        for value in range(count):
            box.put(value)

    writer = threading.Thread(target=write)
    writer.start()
    while not read or read[-1] != count - 1:
        value = box.take(timeout_s=5)
        assert value is not None
        read.append(value)
    writer.join(5)

    assert read == sorted(set(read))
    assert box.taken == len(read)
    assert box.taken + box.dropped == count
