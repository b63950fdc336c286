"""One driver for all boards that are told what to do in bytes and may answer.

What distinguishes them is data: a :class:`Board` holds the bytes to send and how to tell a right
answer. :class:`BoardRelay` repeats, waits and checks; it believes nothing but a right answer that
came after its question.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kiosk.door.port import Port
from kiosk.door.relay import Capabilities
from kiosk.door.wiring import NO_WIRES, Wiring
from kiosk.doorinputs import DoorInputs
from kiosk.errors import RelayError

logger = logging.getLogger(__name__)

TRIES = 3
INPUT_TRIES = 2
"""Fewer: while inputs are read, the end of a pulse waits."""
PAUSE_S = 0.05
"""Lets a board give up on half a command, and the rest of an answer come in."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """Bytes to send, and how to understand what comes back."""

    request: bytes
    understand: Callable[[bytes], T | None]
    """Return None for anything but a right answer; raises nothing."""
    size: int
    """The most bytes that an answer has; 0 when the board does not answer this."""
    end: bytes = b""
    """What the answer ends with; empty when it has ``size`` bytes."""


def unanswered(request: bytes) -> Question[bool]:
    """Return a command that the board carries out in silence."""
    return Question(request, lambda answer: True, 0)


def answered(request: bytes, expected: bytes, end: bytes = b"") -> Question[bool]:
    """Return a command that the board answers with exactly ``expected``."""
    return Question(request, lambda answer: answer == expected or None, len(expected), end)


@dataclass(frozen=True, slots=True)
class Board:
    """The language of a board, for one of its relays."""

    name: str
    place: str
    """Which relay of the board, in words; empty when it has only one."""
    on: Question[bool]
    off: Question[bool]
    state: Question[bool] | None = None
    """Asks whether the relay is on."""
    has_readback: bool = False
    """Whether ``state``, or answers that tell on from off, prove what the relay does."""
    pulse: Callable[[float], tuple[Question[bool], float] | None] | None = None
    """For a number of seconds: the command, and the seconds that the board will really take."""
    ask_inputs: Callable[[frozenset[str]], Sequence[Question[Mapping[str, bool]]]] | None = None
    hello: bytes = b""
    """Sent once after opening: ends a command that was begun before."""
    start_s: float = 0.0
    """How long it is deaf after the port was opened."""
    gap_s: float = 0.0
    """Silence that it needs after an answer."""


class BoardRelay:
    """A relay of a board; see :class:`kiosk.door.relay.Relay`."""

    is_simulated = False

    def __init__(
        self,
        port: Port,
        board: Board,
        wiring: Wiring = NO_WIRES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the port over; its read timeout is how long an answer may take."""
        self._port = port
        self._board = board
        self._wiring = wiring
        self._sleep = sleep
        self._heard = b""

    @property
    def description(self) -> str:
        words = f"{self._board.name} on {self._port.device}"
        if self._board.place:
            words += f", {self._board.place}"
        if self._board.has_readback:
            return f"{words}, switching is confirmed by the board"
        if self._board.on.size:
            return f"{words}, switching is acknowledged but not read back"
        return f"{words}, open loop (the board does not answer)"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            has_readback=self._board.has_readback,
            has_pulse=self._board.pulse is not None,
            has_inputs=bool(self._wiring.wires),
        )

    def connect(self) -> None:
        if not self._port.is_open:
            self._port.open()
            # First of all lock the door, though the board may still be starting.
            self._port.write(self._board.hello + self._board.off.request)
            if self._board.start_s:
                self._sleep(self._board.start_s)
        self.switch_off()

    def switch_on(self) -> None:
        self._tell(self._board.on, is_on=True)

    def switch_off(self) -> None:
        self._tell(self._board.off, is_on=False)
        if not self._board.off.size and self._board.state is None:
            self._sleep(PAUSE_S)
            self._port.write(self._board.off.request)

    def pulse(self, seconds: float) -> float:
        timed = self._board.pulse(seconds) if self._board.pulse is not None else None
        if timed is None:
            self.switch_on()
            return 0.0
        question, board_seconds = timed
        self._tell(question, is_on=None)
        return board_seconds

    def inputs(self) -> DoorInputs:
        ask = self._board.ask_inputs

        def read_board(names: frozenset[str]) -> Mapping[str, bool]:
            assert ask is not None
            levels: dict[str, bool] = {}
            tries = INPUT_TRIES
            for question in ask(names):
                while (answer := self._ask(question)) is None:
                    tries -= 1
                    if tries == 0:
                        raise RelayError(
                            f"The inputs of the board on {self._port.device} cannot be read (it "
                            f"answered {self._heard.hex(' ') or 'nothing'}): check its cable and "
                            "the wires named in door.relay."
                        )
                    self._sleep(PAUSE_S)
                levels.update(answer)
            return levels

        return self._wiring.read(self._port, None if ask is None else read_board)

    def check(self) -> None:
        self._port.check()

    def close(self) -> None:
        if not self._port.is_open:
            return
        try:
            self._port.write(self._board.off.request)
            self._sleep(PAUSE_S)
            self._port.write(self._board.off.request)
        except RelayError as error:
            logger.warning("%s: not switched off while closing: %s", self.description, error)
        finally:
            self._port.close()

    def _tell(self, command: Question[bool], is_on: bool | None) -> None:
        """Send a command until the board has confirmed it; ``is_on`` None: no state to read."""
        fault = ""
        for attempt in range(TRIES):
            if attempt:
                self._sleep(PAUSE_S)
            if not self._ask(command):
                fault = f"its last answer was {self._heard.hex(' ') or 'nothing'}"
            elif is_on is None or self._board.state is None:
                break
            else:
                state = self._ask(self._board.state)
                if state is is_on:
                    break
                fault = f"asked for its state it answered {self._heard.hex(' ') or 'nothing'}"
            logger.warning("%s: not confirmed: %s", self._port.device, fault)
        else:
            told = {True: "being switched on", False: "being switched off", None: "the pulse"}
            raise RelayError(
                f"The relay on {self._port.device} does not confirm {told[is_on]} ({fault}): "
                "check its cable and supply, and the setting door.relay."
            )

    def _ask(self, question: Question[T]) -> T | None:
        # What is left of an earlier answer must not pass for the answer to this question.
        self._port.discard_input()
        self._port.write(question.request)
        if question.end:
            self._heard = self._port.read_until(question.end, question.size)
        elif question.size:
            self._heard = self._port.read(question.size)
        understood = question.understand(self._heard)
        if self._board.gap_s:
            self._sleep(self._board.gap_s)
        return understood
