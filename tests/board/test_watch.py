"""The watching thread: tells changes only, stops at once, survives a driver that hangs."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Sequence

import pytest

from kiosk.board.governor import Governor, GovernorRules
from kiosk.board.sensors import BoardReading, BoardSensors, Temperature
from kiosk.board.watch import BoardWatch


class ScriptedSensors:
    """Shows one temperature after another, then the last for ever."""

    def __init__(self, temperatures: Sequence[float | None]) -> None:
        self._left = list(temperatures)
        self.is_through = threading.Event()

    def read(self) -> BoardReading:
        celsius = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        if len(self._left) == 1:
            self.is_through.set()
        return BoardReading(
            temperatures=() if celsius is None else (Temperature("soc", celsius),),
        )


class Sentences:
    """Keeps what it is told, and by which thread."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[str | None, str]] = queue.Queue()

    def __call__(self, sentence: str | None) -> None:
        self.told.put((sentence, threading.current_thread().name))


def watch(sensors: object, sentences: Sentences, interval_s: float = 0.001) -> BoardWatch:
    governor = Governor(GovernorRules(), 2)
    return BoardWatch(sensors, governor, sentences, interval_s)  # type: ignore[arg-type]


def test_changes_are_told_in_order_and_nothing_else() -> None:
    sentences = Sentences()
    sensors = ScriptedSensors([40, 76, 77, 78, 81, 60, 61, None, 90])
    watching = watch(sensors, sentences)
    assert watching.reading is None and watching.sentence is None
    watching.start()
    told = [sentences.told.get(timeout=5) for _ in range(4)]
    assert watching.stop()
    assert sentences.told.empty()
    texts = [text for text, _ in told]
    assert texts[0] and "15 times" in texts[0]
    assert texts[1] and "8 times" in texts[1]
    assert texts[2] is None
    assert texts[3] and "4 times" in texts[3]
    assert {name for _, name in told} == {"board"}
    assert watching.reading is not None and watching.reading.temperature_c == 90
    assert watching.sentence == texts[3]
    assert watching.may_examine(0) and not watching.may_examine(1)


def test_it_stops_at_once_in_the_middle_of_a_pause() -> None:
    sensors = ScriptedSensors([40])
    watching = watch(sensors, Sentences(), interval_s=3600)
    watching.start()
    assert sensors.is_through.wait(5)
    began = time.monotonic()
    assert watching.stop(5)
    assert time.monotonic() - began < 2
    assert watching.stop()


def test_stopped_before_it_was_started() -> None:
    assert watch(ScriptedSensors([40]), Sentences()).stop()


def test_a_sensor_that_hangs_holds_nothing_up(machine) -> None:
    """A pipe in the place of a file: reading it waits, as with a driver that hangs."""
    machine.rk3588()
    pipe = machine.root / "proc/meminfo"
    pipe.unlink()
    os.mkfifo(pipe)
    sentences = Sentences()
    watching = watch(BoardSensors(machine.root), sentences)
    watching.start()
    writer = open_once_read(pipe)
    assert not watching.stop(0.05)
    # The rest of the program goes on.
    assert watching.reading is None and watching.may_examine(1)
    pipe.unlink()
    os.close(writer)
    assert watching.stop(5)
    # What comes back after the end is not told any more.
    assert watching.reading is None and sentences.told.empty()


def open_once_read(pipe: os.PathLike[str]) -> int:
    """Open the writing end as soon as somebody waits at the other."""
    deadline = time.monotonic() + 5
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            if time.monotonic() > deadline:
                pytest.fail("nobody reads the pipe")
            time.sleep(0.001)
