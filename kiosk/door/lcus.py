"""LCUS / LCTech USB relay boards (CH340), 1 to 8 channels.

A frame is ``A0 channel op sum``, the sum being that of the three bytes before it, modulo 256.
Operations 00 and 01 (off, on) work on every board and are never answered. Newer firmware also
knows 02 and 03 (off, on) and 05 (query), and answers ``A0 channel state sum``.
"""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable

from kiosk.door.port import Port
from kiosk.door.relay import Capabilities
from kiosk.door.wiring import NO_WIRES, Wiring
from kiosk.doorinputs import DoorInputs
from kiosk.errors import ConfigError, RelayError

logger = logging.getLogger(__name__)

MAX_CHANNEL = 8
TRIES = 3
PAUSE_S = 0.05
"""The board documents no way to resynchronise; this pause lets it give up on half a frame."""

_HEAD = 0xA0
FRAME_SIZE = 4


class Op(enum.IntEnum):
    """Operations of a request; OFF and ON are also the states in an answer."""

    OFF = 0x00
    ON = 0x01
    OFF_ANSWERED = 0x02
    ON_ANSWERED = 0x03
    QUERY = 0x05


def build_frame(channel: int, op: int) -> bytes:
    """Return the four bytes for an operation on a channel, counted from 1."""
    return bytes((_HEAD, channel, op, (_HEAD + channel + op) & 0xFF))


class LcusRelay:
    """One channel of an LCUS board.

    A board that answers the query is told everything with an answer and must confirm it. A silent
    board is driven open loop: only a vanished port is noticed.
    """

    is_simulated = False

    def __init__(
        self,
        port: Port,
        channel: int = 1,
        sleep: Callable[[float], None] = time.sleep,
        wiring: Wiring = NO_WIRES,
    ) -> None:
        """Take the port over; its read timeout is how long an answer may take."""
        if not 1 <= channel <= MAX_CHANNEL:
            raise ConfigError(f"An LCUS relay has channels 1 to {MAX_CHANNEL}, not {channel}.")
        self._port = port
        self._channel = channel
        self._sleep = sleep
        self._wiring = wiring
        self._answers: bool | None = None

    @property
    def description(self) -> str:
        words = f"LCUS on {self._port.device}, channel {self._channel}"
        if self._answers is None:
            return words
        if self._answers:
            return f"{words}, switching is confirmed by the board"
        return f"{words}, open loop (the board does not answer)"

    @property
    def answers(self) -> bool | None:
        """Whether the board answers; None before the first connection."""
        return self._answers

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(has_readback=bool(self._answers), has_inputs=bool(self._wiring.wires))

    def connect(self) -> None:
        if not self._port.is_open:
            self._port.open()
        # First of all lock the door; whether the board answers can wait.
        self._send(Op.OFF)
        self._answers = self._probe(must_answer=bool(self._answers))
        self.switch_off()

    def switch_on(self) -> None:
        self._require_known()
        if self._answers:
            self._confirm(Op.ON_ANSWERED, Op.ON)
        else:
            self._send(Op.ON)

    def switch_off(self) -> None:
        self._send(Op.OFF)
        self._sleep(PAUSE_S)
        if self._answers:
            self._confirm(Op.OFF_ANSWERED, Op.OFF)
        else:
            self._send(Op.OFF)
            self._require_known()

    def _require_known(self) -> None:
        """Claim nothing of a board of which no connection has said whether it answers."""
        if self._answers is None:
            raise RelayError(
                f"The relay on {self._port.device} is not connected: connect it first."
            )

    def pulse(self, seconds: float) -> float:
        # Nobody documents how long the board's own pulse (operation 06) lasts.
        self.switch_on()
        return 0.0

    def inputs(self) -> DoorInputs:
        return self._wiring.read(self._port)

    def check(self) -> None:
        self._port.check()

    def close(self) -> None:
        if not self._port.is_open:
            return
        try:
            self._send(Op.OFF)
            self._sleep(PAUSE_S)
            self._send(Op.OFF)
        except RelayError as error:
            logger.warning("%s: not switched off while closing: %s", self.description, error)
        finally:
            self._port.close()

    def _probe(self, must_answer: bool) -> bool:
        """Return whether the board answers; a board that talks nonsense raises RelayError.

        So does, with ``must_answer``, a silent one: a board that has answered before hangs, and
        what is written to it switches nothing.
        """
        states = (self._frame(Op.OFF), self._frame(Op.ON))
        heard = b""
        for attempt in range(TRIES):
            answer = self._exchange(Op.QUERY, attempt)
            if answer in states:
                return True
            heard += answer
            if not heard and not must_answer:
                return False
        if not heard:
            raise RelayError(
                f"The relay on {self._port.device} no longer answers and may still be on: check "
                "its cable and supply, and the door."
            )
        # Not open loop: a board that talks but is not understood must not be trusted to switch.
        raise RelayError(
            f"{self._port.device} answers, but not like an LCUS board ({heard.hex(' ')}): check "
            "the baud rate and the device in the setting door.relay."
        )

    def _confirm(self, op: Op, state: Op) -> None:
        answer = b""
        for attempt in range(TRIES):
            answer = self._exchange(op, attempt)
            if answer == self._frame(state):
                return
            logger.warning(
                "%s: wrong answer to %s: %s", self._port.device, op.name, answer.hex(" ") or "none"
            )
        raise RelayError(
            f"The relay on {self._port.device} does not confirm being switched {state.name.lower()}"
            f" (last answer: {answer.hex(' ') or 'none'}): check its cable and supply."
        )

    def _exchange(self, op: Op, attempt: int) -> bytes:
        if attempt:
            self._sleep(PAUSE_S)
        # What is left of an earlier answer must not pass for the answer to this frame.
        self._port.discard_input()
        self._send(op)
        return self._port.read(FRAME_SIZE)

    def _send(self, op: Op) -> None:
        self._port.write(self._frame(op))

    def _frame(self, op: Op) -> bytes:
        return build_frame(self._channel, op)
