"""LCUS frames byte for byte: over a pseudo-terminal, and against arbitrary answers."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.lcus import PAUSE_S, TRIES, LcusRelay, Op, build_frame
from kiosk.door.port import ModemInput, ModemLine, SerialPort
from kiosk.door.wiring import Wire, Wiring
from kiosk.errors import ConfigError, RelayError

OFF, ON, OFF_ANSWERED, ON_ANSWERED, QUERY = (build_frame(1, op) for op in Op)
Answer = Callable[[int, bytes], "Iterable[bytes | None]"]


def silent(count: int, frame: bytes) -> Iterable[bytes | None]:
    """A board of the old firmware."""
    return ()


def obedient(count: int, frame: bytes) -> Iterable[bytes | None]:
    """A board of the newer firmware; its relay is off when asked."""
    return {OFF_ANSWERED: [OFF], ON_ANSWERED: [ON], QUERY: [OFF]}.get(frame, ())


class Board:
    """The device behind a pseudo-terminal: a thread that reads frames and answers as told.

    The answer function gets the number of equal frames before and the frame, and yields chunks to
    send; None unplugs the cable.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._master, self._slave = os.openpty()
        self.path = os.ttyname(self._slave)
        self._wake_read, self._wake_write = os.pipe()
        self._changed = threading.Condition()
        self._frames: list[bytes] = []
        self._unplugged = False
        self._thread = threading.Thread(target=self._run, name="board")
        self._thread.start()

    def wait_for_frames(self, count: int) -> list[bytes]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._frames) >= count, 5), self._frames
            return list(self._frames)

    def wait_until_unplugged(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._unplugged, 5)

    def close(self) -> None:
        os.write(self._wake_write, b"x")
        self._thread.join()
        for fd in (self._slave, self._wake_read, self._wake_write):
            os.close(fd)

    def _run(self) -> None:
        buffer = b""
        try:
            while True:
                ready, _, _ = select.select([self._master, self._wake_read], [], [])
                if self._wake_read in ready:
                    return
                buffer += os.read(self._master, 100)
                while len(buffer) >= 4:
                    frame, buffer = buffer[:4], buffer[4:]
                    if not self._handle(frame):
                        return
        finally:
            os.close(self._master)
            with self._changed:
                self._unplugged = True
                self._changed.notify_all()

    def _handle(self, frame: bytes) -> bool:
        before = self._frames.count(frame)
        for chunk in self.answer(before, frame):
            if chunk is None:
                return False
            os.write(self._master, chunk)
        with self._changed:
            self._frames.append(frame)
            self._changed.notify_all()
        return True


@pytest.fixture
def make() -> Iterator[Callable[..., tuple[Board, LcusRelay]]]:
    made: list[tuple[Board, LcusRelay]] = []

    def make_board(answer: Answer, read_timeout_s: float = 0.3) -> tuple[Board, LcusRelay]:
        board = Board(answer)
        relay = LcusRelay(SerialPort(board.path, read_timeout_s=read_timeout_s))
        made.append((board, relay))
        return board, relay

    yield make_board
    for board, relay in made:
        relay.close()
        board.close()


Make = Callable[..., tuple[Board, LcusRelay]]


# --- frames -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "off_to_query"),
    [
        (1, "A00100A1 A00101A2 A00102A3 A00103A4 A00105A6"),
        (2, "A00200A2 A00201A3 A00202A4 A00203A5 A00205A7"),
        (3, "A00300A3 A00301A4 A00302A5 A00303A6 A00305A8"),
        (4, "A00400A4 A00401A5 A00402A6 A00403A7 A00405A9"),
    ],
)
def test_frames_are_those_of_the_vendor(channel: int, off_to_query: str) -> None:
    frames = " ".join(build_frame(channel, op).hex().upper() for op in Op)
    assert frames == off_to_query


@given(st.integers(1, 8), st.integers(0, 255))
def test_the_last_byte_is_the_sum_of_the_others(channel: int, op: int) -> None:
    frame = build_frame(channel, op)
    assert len(frame) == 4
    assert frame[:3] == bytes((0xA0, channel, op))
    assert (sum(frame[:3]) - frame[3]) % 256 == 0


# --- a silent board ---------------------------------------------------------------------------


def test_a_silent_board_is_driven_open_loop_and_says_so(make: Make) -> None:
    board, relay = make(silent, 0.05)
    assert relay.answers is None
    relay.connect()
    assert relay.answers is False
    assert relay.description == (
        f"LCUS on {board.path}, channel 1, open loop (the board does not answer)"
    )
    relay.switch_on()
    relay.switch_off()
    relay.close()
    connecting, closing = [OFF, QUERY, OFF, OFF], [OFF, OFF]
    assert board.wait_for_frames(9) == [*connecting, ON, OFF, OFF, *closing]


def test_a_board_that_has_answered_may_not_fall_silent(make: Make) -> None:
    """It hangs, perhaps with the relay on: open loop would call the door locked."""
    board, relay = make(obedient, 0.05)
    relay.connect()
    relay.switch_on()
    board.answer = silent
    with pytest.raises(RelayError, match="does not confirm being switched off"):
        relay.switch_off()
    for _ in range(2):
        with pytest.raises(RelayError, match="no longer answers and may still be on"):
            relay.connect()
    board.answer = obedient
    relay.connect()
    assert relay.answers is True
    relay.close()


def test_another_channel_gets_its_own_frames(make: Make) -> None:
    board, _ = make(silent)
    relay = LcusRelay(SerialPort(board.path, read_timeout_s=0.05), channel=3)
    relay.connect()
    relay.switch_on()
    relay.close()
    assert board.wait_for_frames(5)[4] == bytes.fromhex("A00301A4")


def test_a_silent_board_unplugged_in_the_middle_of_a_frame_is_noticed(make: Make) -> None:
    def vanish(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [None] if frame == ON else ()

    board, relay = make(vanish, 0.05)
    relay.connect()
    relay.check()
    relay.switch_on()
    board.wait_until_unplugged()
    with pytest.raises(RelayError, match="no longer answers"):
        relay.check()
    with pytest.raises(RelayError, match="no longer answers"):
        relay.switch_off()
    relay.close()
    relay.close()


# --- an answering board -----------------------------------------------------------------------


def test_an_answering_board_must_confirm(make: Make) -> None:
    board, relay = make(obedient)
    relay.connect()
    assert relay.answers is True
    assert relay.description.endswith("switching is confirmed by the board")
    relay.switch_on()
    relay.switch_off()
    relay.close()
    connecting, closing = [OFF, QUERY, OFF, OFF_ANSWERED], [OFF, OFF]
    assert board.wait_for_frames(9) == [*connecting, ON_ANSWERED, OFF, OFF_ANSWERED, *closing]


def test_a_board_found_switched_on_is_switched_off(make: Make) -> None:
    def found_on(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [ON] if frame == QUERY else obedient(count, frame)

    board, relay = make(found_on)
    relay.connect()
    assert board.wait_for_frames(4)[-1] == OFF_ANSWERED


BAD_ANSWERS = {
    "garbage": b"\x00\xff\x13\x37",
    "partial": ON[:3],
    "nothing": b"",
    "wrong channel": build_frame(2, Op.ON),
    "opposite state": OFF,
    "wrong sum": ON[:3] + b"\x00",
    "noise before": b"\x00" + ON,
    "echo": ON_ANSWERED,
}


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_one_bad_answer_is_asked_again(make: Make, bad: bytes) -> None:
    def stumble(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [bad] if frame == ON_ANSWERED and count == 0 else obedient(count, frame)

    board, relay = make(stumble)
    relay.connect()
    relay.switch_on()
    assert board.wait_for_frames(6)[4:] == [ON_ANSWERED, ON_ANSWERED]


@pytest.mark.parametrize("bad", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_bad_answers_only_are_an_error_after_three_tries(make: Make, bad: bytes) -> None:
    def refuse(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [bad] if frame == ON_ANSWERED else obedient(count, frame)

    board, relay = make(refuse, 0.15)
    relay.connect()
    with pytest.raises(RelayError, match="does not confirm being switched on"):
        relay.switch_on()
    assert board.wait_for_frames(7)[4:] == [ON_ANSWERED] * TRIES
    relay.switch_off()


def test_a_doubled_answer_does_not_disturb_the_next_command(make: Make) -> None:
    def twice(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [(answer or b"") * 2 for answer in obedient(count, frame)]

    board, relay = make(twice)
    relay.connect()
    for _ in range(3):
        relay.switch_on()
        relay.switch_off()
    frames = board.wait_for_frames(4 + 3 * 3)
    # A second half that comes after the input was discarded costs one more try, no more.
    expected = [ON_ANSWERED, OFF, OFF_ANSWERED] * 3
    without_repeats = [frame for frame, _ in groupby(frames[4:])]
    assert without_repeats == expected[: len(without_repeats)]


def test_an_answer_in_pieces_is_put_together(make: Make) -> None:
    def in_pieces(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [bytes((byte,)) for answer in obedient(count, frame) for byte in answer or b""]

    board, relay = make(in_pieces)
    relay.connect()
    relay.switch_on()
    assert board.wait_for_frames(5)[-1] == ON_ANSWERED


def test_a_late_answer_to_another_command_does_not_confirm(make: Make) -> None:
    # The confirmation of OFF comes only after ON was sent, in front of that of ON.
    def late(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [OFF, ON] if frame == ON_ANSWERED and count == 0 else obedient(count, frame)

    board, relay = make(late)
    relay.connect()
    relay.switch_on()
    assert board.wait_for_frames(6)[4:] == [ON_ANSWERED, ON_ANSWERED]


@pytest.mark.parametrize("sent", [0, 2], ids=["no byte", "half an answer"])
def test_unplugging_during_an_answer_is_an_error(make: Make, sent: int) -> None:
    def vanish(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [ON[:sent], None] if frame == ON_ANSWERED else obedient(count, frame)

    _, relay = make(vanish)
    relay.connect()
    with pytest.raises(RelayError, match="no longer answers"):
        relay.switch_on()
    relay.close()


def test_a_board_that_talks_nonsense_is_not_driven(make: Make) -> None:
    def nonsense(count: int, frame: bytes) -> Iterable[bytes | None]:
        return [b"\x55\x55\x55\x55"] if frame == QUERY else ()

    board, relay = make(nonsense)
    with pytest.raises(RelayError, match="not like an LCUS board"):
        relay.connect()
    assert board.wait_for_frames(4) == [OFF, QUERY, QUERY, QUERY]


def test_a_relay_can_be_connected_again(make: Make) -> None:
    board, relay = make(obedient)
    relay.connect()
    relay.connect()
    relay.close()
    relay.connect()
    relay.switch_on()
    assert board.wait_for_frames(15)[-1] == ON_ANSWERED


@pytest.mark.parametrize("channel", [0, 9, -1])
def test_a_channel_no_board_has_is_refused(channel: int) -> None:
    with pytest.raises(ConfigError, match="channels 1 to 8"):
        LcusRelay(SerialPort("/dev/x"), channel)


def test_wires_are_modem_lines_and_the_board_has_no_timer() -> None:
    wiring = Wiring(sensor=Wire(ModemInput.CTS, is_inverted=True), exit=Wire(ModemInput.DSR))
    relay = LcusRelay(ScriptedPort([OFF, OFF, ON]), sleep=lambda seconds: None, wiring=wiring)
    assert not relay.capabilities.has_readback
    relay.connect()
    assert relay.capabilities.has_readback
    assert relay.capabilities.has_inputs
    assert not relay.capabilities.has_pulse
    found = relay.inputs()
    assert (found.is_open, found.exit_pressed, found.other_open) == (False, False, None)
    assert relay.pulse(5.0) == 0.0


# --- arbitrary answers ------------------------------------------------------------------------


class ScriptedPort:
    """A port whose answers are given in advance; None is a lost cable, the end is silence."""

    device = "/dev/scripted"
    is_open = False

    def __init__(self, answers: Iterable[bytes | None]) -> None:
        self._answers = iter(answers)
        self.written: list[bytes] = []

    def open(self) -> None:
        self.is_open = True

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def read(self, size: int) -> bytes:
        answer = next(self._answers, b"")
        if answer is None:
            raise RelayError("unplugged")
        return answer[:size]

    def read_until(self, end: bytes, limit: int) -> bytes:
        raise AssertionError("LCUS answers have one length")

    def read_line(self, line: ModemInput) -> bool:
        return line is ModemInput.CTS

    def discard_input(self) -> None:
        pass

    def set_line(self, line: ModemLine, asserted: bool) -> None:
        raise AssertionError("an LCUS board has no lines")

    def check(self) -> None:
        pass

    def close(self) -> None:
        self.is_open = False


near_frames = st.builds(build_frame, st.integers(1, 3), st.sampled_from(list(Op)))
answers = st.lists(st.one_of(st.none(), st.just(b""), near_frames, st.binary(max_size=6)))


@given(answers)
def test_switching_on_succeeds_only_when_confirmed(script: list[bytes | None]) -> None:
    pauses: list[float] = []
    port = ScriptedPort([OFF, OFF, *script])
    relay = LcusRelay(port, sleep=pauses.append)
    relay.connect()
    del pauses[:], port.written[:]
    heard = (script + [b""] * TRIES)[:TRIES]
    confirmed = next((i for i, a in enumerate(heard) if a is not None and a[:4] == ON), None)
    lost = next((i for i, a in enumerate(heard) if a is None), TRIES)
    if confirmed is not None and confirmed < lost:
        relay.switch_on()
        assert port.written == [ON_ANSWERED] * (confirmed + 1)
    else:
        with pytest.raises(RelayError):
            relay.switch_on()
        assert port.written == [ON_ANSWERED] * min(lost + 1, TRIES)
    assert pauses == [PAUSE_S] * (len(port.written) - 1)


@given(answers)
def test_a_board_is_believed_to_answer_only_when_it_did(script: list[bytes | None]) -> None:
    port = ScriptedPort(script)
    relay = LcusRelay(port, sleep=lambda seconds: None)
    states = {OFF, ON}
    try:
        relay.connect()
    except RelayError:
        assert script
    else:
        if relay.answers:
            assert any(a is not None and a[:4] in states for a in script[:TRIES])
            assert any(a is not None and a[:4] == OFF for a in script)
        else:
            assert not script or script[0] == b""
    assert port.written[0] == OFF
    relay.close()
    assert port.written[-2:] == [OFF, OFF]
    assert not port.is_open
