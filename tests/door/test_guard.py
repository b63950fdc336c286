"""The guard's own decisions, on a relay that can be made to fail and a clock that is set."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.door.guard import MAX_WAITING, Guard
from kiosk.door.guardjournal import End, GuardJournal
from kiosk.door.guardprotocol import (
    Answer,
    Command,
    LineBuffer,
    Order,
    Trouble,
    decode_answer,
    encode_command,
)
from kiosk.door.simulated import SimulatedRelay

S = 1_000_000_000


class Bench:
    """A guard in a thread, and the kiosk's ends of its pipes."""

    def __init__(self, folder: Path, relay: SimulatedRelay, last_tries_s: float = 10.0) -> None:
        self.relay = relay
        commands_fd, self._commands = os.pipe()
        self._answers, answers_fd = os.pipe()
        life, self._life = os.pipe()
        wake_fd, self._wake = os.pipe()
        os.set_blocking(answers_fd, False)
        self._fds = {commands_fd, answers_fd, life, wake_fd, self._commands, self._answers}
        self._fds |= {self._life, self._wake}
        self.path = folder / "guard.journal"
        self.journal = GuardJournal(self.path)
        self.guard = Guard(
            relay,
            commands_fd,
            answers_fd,
            self.journal,
            life_fd=life,
            wake_fd=wake_fd,
            last_tries_s=last_tries_s,
        )
        self.end: End | None = None
        self._thread = threading.Thread(target=self._run, name="guard")
        self._buffer = LineBuffer()
        self._lines: list[bytes] = []
        self.number = 0

    def start(self) -> Answer:
        self._thread.start()
        return self.hear()

    def ask(self, order: Order, hold_s: float = 0, age_s: float = 0) -> Answer:
        self.tell(order, hold_s, age_s)
        return self.hear()

    def tell(self, order: Order, hold_s: float = 0, age_s: float = 0) -> None:
        self.number += 1
        sent_ns = time.monotonic_ns() - round(age_s * S)
        command = Command(self.number, order, sent_ns, sent_ns + round(hold_s * S))
        os.write(self._commands, encode_command(command))

    def hear(self) -> Answer:
        while not self._lines:
            self._lines += self._buffer.feed(os.read(self._answers, 65536))
        return decode_answer(self._lines.pop(0))

    def write(self, data: bytes) -> None:
        os.write(self._commands, data)

    def hang_up(self) -> None:
        self._shut(self._commands)

    def stop_reading(self) -> None:
        self._shut(self._answers)

    def lose_watcher(self) -> None:
        self._shut(self._life)

    def terminate(self) -> None:
        os.write(self._wake, b"\0")

    def wait(self) -> End:
        self._thread.join(10)
        assert self.end is not None
        return self.end

    def close(self) -> None:
        if self._commands in self._fds:
            self.hang_up()
        self.relay.mend()
        self._thread.join(10)
        for fd in self._fds:
            os.close(fd)
        self.journal.close()

    def _shut(self, fd: int) -> None:
        self._fds.remove(fd)
        os.close(fd)

    def _run(self) -> None:
        self.end = self.guard.run()


class FailingOff(SimulatedRelay):
    """Switches on and never confirms; ``stuck`` of the next attempts to switch off fail."""

    stuck = 0

    def switch_off(self) -> None:
        self._stumble()
        super().switch_off()

    def connect(self) -> None:
        self._stumble()
        super().connect()

    def close(self) -> None:
        pass

    def _stumble(self) -> None:
        if self.stuck:
            self.stuck -= 1
            self.fail("stuck")
        else:
            self.mend()


class TimingRelay(SimulatedRelay):
    """A board that could end a pulse by itself; ``pulses`` are the times it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.pulses: list[float] = []

    def pulse(self, seconds: float) -> float:
        self.pulses.append(seconds)
        return super().pulse(seconds)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, SimulatedRelay())
    yield bench
    bench.close()


def test_the_first_word_says_what_is_guarded(bench: Bench) -> None:
    answer = bench.start()
    assert answer == Answer(0, description=bench.relay.description)
    assert bench.ask(Order.CHECK).trouble is Trouble.NONE


def test_orders_are_answered_under_their_number(bench: Bench) -> None:
    bench.start()
    for order in (Order.CHECK, Order.HOLD, Order.CHECK, Order.RELEASE, Order.CONNECT):
        answer = bench.ask(order, hold_s=5)
        assert (answer.number, answer.trouble) == (bench.number, Trouble.NONE)
    assert not bench.relay.is_on


@pytest.mark.parametrize(
    ("hold_s", "age_s"),
    [(5, 2.5), (1, 1.1), (61, 0), (0, 0)],
    ids=["old", "over", "too long", "nothing"],
)
def test_an_order_to_unlock_that_is_not_of_now_is_refused(
    bench: Bench, hold_s: float, age_s: float
) -> None:
    bench.start()
    answer = bench.ask(Order.HOLD, hold_s, age_s)
    assert answer.trouble is Trouble.GUARD
    assert "came too late" in answer.error
    assert bench.relay.edges == ()


def test_time_on_the_way_is_part_of_the_pulse(bench: Bench) -> None:
    bench.start()
    bench.ask(Order.HOLD, hold_s=1.2, age_s=1.0)
    assert bench.relay.is_on
    while bench.relay.is_on:
        time.sleep(0.01)
    on, off = bench.relay.edges
    assert off.at_ns - on.at_ns < S


def test_a_board_with_a_timer_is_given_what_is_left_of_the_pulse(tmp_path: Path) -> None:
    relay = TimingRelay()
    bench = Bench(tmp_path, relay)
    try:
        bench.start()
        bench.ask(Order.HOLD, hold_s=60)
        bench.ask(Order.HOLD, hold_s=10, age_s=1)
        assert 58 < relay.pulses[0] <= 60
        assert 7 < relay.pulses[1] <= 9
    finally:
        bench.close()


@pytest.mark.parametrize(
    ("strike", "end"),
    [
        (Bench.hang_up, End.KIOSK_GONE),
        (Bench.lose_watcher, End.GUARD_KILLED),
        (Bench.terminate, End.TERMINATED),
        (lambda bench: bench.tell(Order.STOP), End.STOPPED),
        (lambda bench: bench.write(b"{}\n"), End.NONSENSE),
        (lambda bench: bench.write(b"x" * 10_000), End.NONSENSE),
    ],
    ids=["pipe closed", "watcher gone", "SIGTERM", "told to stop", "nonsense", "endless line"],
)
@pytest.mark.parametrize("is_on", [True, False])
def test_every_end_locks(bench: Bench, strike: object, end: End, is_on: bool) -> None:
    assert callable(strike)
    bench.start()
    if is_on:
        bench.ask(Order.HOLD, hold_s=60)
    strike(bench)
    assert bench.wait() is end
    assert not bench.relay.is_on
    incident = GuardJournal(bench.path).incident()
    assert ("while the door was unlocked; the guard locked it" in incident) == (
        is_on and end is not End.STOPPED
    )


def test_a_kiosk_that_stops_listening_finds_the_door_locked(bench: Bench) -> None:
    bench.start()
    bench.ask(Order.HOLD, hold_s=60)
    bench.stop_reading()
    bench.tell(Order.CHECK)
    assert bench.wait() is End.KIOSK_GONE
    assert not bench.relay.is_on


def test_a_kiosk_that_reads_no_answers_cannot_hold_up_the_guard(bench: Bench) -> None:
    """The queue of answers fills; the guard would miss its deadline if it waited."""
    bench.start()
    bench.ask(Order.HOLD, hold_s=60)
    try:
        while bench.end is None:
            bench.tell(Order.CHECK)
            time.sleep(0.0002)
    except BrokenPipeError:
        pass
    assert bench.wait() in (End.KIOSK_HUNG, End.NONSENSE)
    assert not bench.relay.is_on


def test_a_flood_of_orders_ends_the_guard(bench: Bench) -> None:
    bench.start()
    line = encode_command(Command(1, Order.CHECK, time.monotonic_ns()))
    bench.write(line * (MAX_WAITING + 2))
    assert bench.wait() is End.NONSENSE


def test_silence_locks_and_is_told(bench: Bench) -> None:
    bench.start()
    bench.ask(Order.HOLD, hold_s=60)
    while bench.relay.is_on:
        time.sleep(0.01)
    on, off = bench.relay.edges
    assert 2 * S <= off.at_ns - on.at_ns < 3 * S
    answer = bench.ask(Order.HOLD, hold_s=60)
    assert (answer.trouble, bench.relay.is_on) == (Trouble.GUARD, False)
    assert bench.ask(Order.HOLD, hold_s=60).trouble is Trouble.NONE
    assert bench.relay.is_on


def test_a_lost_relay_is_found_again_without_being_asked(bench: Bench) -> None:
    bench.start()
    bench.ask(Order.HOLD, hold_s=60)
    bench.relay.fail("unplugged")
    for order in (Order.CHECK, Order.HOLD, Order.RELEASE, Order.CONNECT):
        answer = bench.ask(order, hold_s=5)
        assert (answer.trouble, answer.error) == (Trouble.RELAY, "unplugged")
    assert bench.relay.is_on
    bench.relay.mend()
    while bench.relay.is_on:
        bench.ask(Order.CHECK)
    assert bench.ask(Order.CONNECT).trouble is Trouble.NONE


def test_switching_off_is_tried_until_it_is_certain(tmp_path: Path) -> None:
    relay = FailingOff()
    bench = Bench(tmp_path, relay)
    try:
        bench.start()
        bench.ask(Order.HOLD, hold_s=60)
        relay.stuck = 4
        bench.hang_up()
        assert bench.wait() is End.KIOSK_GONE
        assert not relay.is_on
        assert relay.stuck == 0
    finally:
        bench.close()


def test_giving_up_is_told_at_the_next_start(tmp_path: Path) -> None:
    relay = FailingOff()
    bench = Bench(tmp_path, relay, last_tries_s=0.3)
    try:
        bench.start()
        bench.ask(Order.HOLD, hold_s=60)
        relay.stuck = 1000
        bench.hang_up()
        bench.wait()
    finally:
        bench.close()
    assert "may have been unlocked until this start" in GuardJournal(bench.path).incident()


def test_a_relay_never_reached_and_never_on_does_not_keep_the_guard(tmp_path: Path) -> None:
    relay = SimulatedRelay()
    relay.fail("not there")
    bench = Bench(tmp_path, relay, last_tries_s=60)
    assert bench.start().error == "not there"
    bench.tell(Order.STOP)
    assert bench.wait() is End.STOPPED
    bench.close()
    assert GuardJournal(bench.path).incident() == ""


def test_a_relay_left_on_by_the_run_before_is_not_given_up(tmp_path: Path) -> None:
    journal = GuardJournal(tmp_path / "guard.journal")
    journal.note_unlocked(0)
    journal.close()
    relay = SimulatedRelay()
    relay.fail("not there")
    bench = Bench(tmp_path, relay, last_tries_s=0.3)
    assert bench.start().incident.startswith("The program and the guard ended while")
    bench.tell(Order.STOP)
    bench.wait()
    bench.close()
    assert "could not be switched off" in GuardJournal(bench.path).incident()
