"""Relay boards that are not there: what they do with bytes, and ports to reach them by.

The boards read streams and were written from the descriptions of the makers, without the code of
the drivers. Channel 1 (or 0, where counting starts there) is the door's.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kiosk.door.port import ModemInput, ModemLine
from kiosk.errors import RelayError

READ_TIMEOUT_S = 0.3


class Board:
    """A board; ``hear`` takes bytes and returns what it answers."""

    def __init__(self) -> None:
        self.is_on = False
        self.was_ever_on = False
        self.pulse_s: float | None = None
        """Length of the board's own pulse, while one runs."""
        self.inputs: set[int] = set()
        self._buffer = b""

    def hear(self, data: bytes) -> bytes:
        self._buffer += data
        said = b""
        while (step := self.step(self._buffer)) is not None:
            used, answer = step
            self._buffer = self._buffer[used:]
            said += answer
        return said

    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        """Take a command off the front: how many bytes it had and the answer; None: too short."""
        raise NotImplementedError

    def switch(self, is_on: bool, pulse_s: float | None = None) -> None:
        self.is_on = is_on
        self.pulse_s = pulse_s
        self.was_ever_on |= is_on


class Lcus(Board):
    def __init__(self, answers: bool = True) -> None:
        super().__init__()
        self._answers = answers

    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        if not buffer:
            return None
        if buffer[0] != 0xA0:
            return 1, b""
        if len(buffer) < 4:
            return None
        if sum(buffer[:3]) & 0xFF != buffer[3] or buffer[2] > 6:
            return 1, b""
        _, channel, op, _ = buffer[:4]
        if channel == 1 and op in (0, 1, 2, 3, 4, 6):
            self.switch({0: False, 1: True, 2: False, 3: True, 4: not self.is_on, 6: True}[op])
        answer = b""
        if self._answers and op in (2, 3, 5):
            answer = bytes((0xA0, channel, self.is_on and channel == 1))
            answer += bytes((sum(answer) & 0xFF,))
        return 4, answer


class Modbus(Board):
    """A board with eight coils and inputs, the first coil being the relay."""

    def __init__(
        self, slave: int = 1, coil: int = 0, on: int = 0xFF00, *, flash: int = -1, timer: int = -1
    ) -> None:
        super().__init__()
        self._slave, self._coil, self._on = slave, coil, on
        self._flash, self._timer = flash, timer

    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        if len(buffer) < 8:
            return None
        size = 13 if buffer[1] == 0x10 else 8
        if buffer[0] != self._slave or buffer[1] not in (1, 2, 5, 0x10):
            return 1, b""
        if len(buffer) < size:
            return None
        if _crc(buffer[: size - 2]) != buffer[size - 2 : size]:
            return 1, b""
        return size, self._obey(buffer[:size])

    def _obey(self, frame: bytes) -> bytes:
        function = frame[1]
        first, value = (int.from_bytes(frame[i : i + 2], "big") for i in (2, 4))
        if function in (1, 2):
            bits = int(self.is_on) if function == 1 else sum(1 << n - 1 for n in self.inputs)
            return _with_crc(bytes((self._slave, function, 1, bits & (1 << value) - 1)))
        if function == 5 and first == self._coil and value in (0, self._on):
            self.switch(value == self._on)
            return frame
        if function == 5 and first == self._flash and 0 < value < 0x8000:
            self.switch(True, value / 10)
            return frame
        if function == 0x10 and first == self._timer and frame[6:9] == b"\x04\x00\x02":
            self.switch(True, int.from_bytes(frame[9:11], "big") / 10)
            return _with_crc(frame[:6])
        return _with_crc(bytes((self._slave, function | 0x80, 2)))


class ModbusAscii(Board):
    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        line, end, _ = buffer.partition(b"\r\n")
        if not end:
            return None
        if line in (b":FE050000FF00FE", b":FE0500000000FD"):
            self.switch(line[9:11] == b"FF")
        return len(line) + 2, b""


class Numato(Board):
    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        line, end, _ = buffer.partition(b"\r")
        if not end:
            return None
        said = b""
        words = line.decode("latin-1").split()
        if words in (["relay", "on", "0"], ["relay", "off", "0"]):
            self.switch(words[1] == "on")
        elif words == ["relay", "read", "0"]:
            said = b"on\n\r" if self.is_on else b"off\n\r"
        elif words[:2] == ["gpio", "read"]:
            said = b"1\n\r" if int(words[2]) in self.inputs else b"0\n\r"
        return len(line) + 1, line + b"\n\r" + said + b">"


class Kmtronic(Board):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self._channels = channels

    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        if len(buffer) < 3:
            return None
        if buffer[0] != 0xFF:
            return 1, b""
        if buffer[:3] == b"\xff\x09\x00" and self._channels > 2:
            return 3, bytes((self.is_on,)) + bytes(self._channels - 1)
        if buffer[1:3] == b"\x01\x03" and self._channels <= 2:
            return 3, bytes((0xFF, 1, self.is_on))
        if buffer[1] == 1 and buffer[2] in (0, 1):
            self.switch(buffer[2] == 1)
        return 3, b""


class Hw667(Board):
    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        if not buffer:
            return None
        if buffer[0] in (0xAA, 0xBB, 0xCC):
            self.switch(buffer[0] != 0xBB, 1.0 if buffer[0] == 0xCC else None)
        return 1, b""


class Letters(Board):
    """Another board of one letter: A on, a off."""

    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        if not buffer:
            return None
        if buffer[:1] in (b"A", b"a"):
            self.switch(buffer[:1] == b"A")
        return 1, b""


class Devantech(Board):
    def __init__(self, number: int = 10) -> None:
        super().__init__()
        self._number = number
        self._sets_all = False

    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        if not buffer:
            return None
        code = buffer[0]
        if self._sets_all:
            self._sets_all = False
            self.switch(code != 0)
        elif code == 0x5C:
            self._sets_all = True
        elif code == 0x64 or 0x65 <= code <= 0x6C:
            self.switch(True)
        elif code in (0x6E, 0x6F):
            self.switch(False)
        answers = {0x5A: bytes((self._number, 3)), 0x5B: bytes((self.is_on,)), 0x5D: b"\x32"}
        return 1, answers.get(code, b"")


class Own(Board):
    """An Arduino with the words open, shut and open <ms>."""

    def step(self, buffer: bytes) -> tuple[int, bytes] | None:
        line, end, _ = buffer.partition(b"\n")
        if not end:
            return None
        words = line.split()
        if words[:1] == [b"open"]:
            self.switch(True, int(words[1]) / 1000 if len(words) == 2 else None)
        elif words == [b"shut"]:
            self.switch(False)
        else:
            return len(line) + 1, b"what?\n"
        return len(line) + 1, b"ok " + line + b"\n"


def _with_crc(body: bytes) -> bytes:
    return body + _crc(body)


def _crc(data: bytes) -> bytes:
    """Divide the bits as a polynomial, not byte by byte as the driver does."""
    register = 0xFFFF
    for bit in (byte >> place & 1 for byte in data for place in range(8)):
        carry = (register ^ bit) & 1
        register = register >> 1 ^ 0xA001 * carry
    return bytes((register & 0xFF, register >> 8))


# --- ports ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mishap:
    """What happens to one question and its answer."""

    loses_question: bool = False
    distort: Callable[[bytes], bytes] = bytes
    late_s: float = 0.0
    unplugs: bool = False


FINE = Mishap()


class VirtualPort:
    """A port in a time of its own, which passes by waiting only; bytes never overtake others."""

    device = "/dev/virtual"

    def __init__(self, board: Board, mishaps: Iterable[Mishap] = ()) -> None:
        self.board = board
        self.now_s = 0.0
        self.is_open = False
        self.written: list[bytes] = []
        self.asserted: set[ModemInput] = set()
        self.mishaps = list(mishaps)
        self._coming: list[tuple[float, int]] = []

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def open(self) -> None:
        self.is_open = True
        self._coming.clear()

    def write(self, data: bytes) -> None:
        self.check()
        self.written.append(data)
        mishap = self.mishaps.pop(0) if self.mishaps else FINE
        if mishap.unplugs:
            self.is_open = False
            raise RelayError("unplugged")
        answer = b"" if mishap.loses_question else self.board.hear(data)
        at_s = max([self.now_s + 0.001 + mishap.late_s, *(at for at, _ in self._coming[-1:])])
        self._coming += [(at_s, byte) for byte in mishap.distort(answer)]

    def read(self, size: int) -> bytes:
        return self._take(lambda taken: len(taken) == size)

    def read_until(self, end: bytes, limit: int) -> bytes:
        return self._take(lambda taken: taken.endswith(end) or len(taken) == limit)

    def discard_input(self) -> None:
        self.check()
        self._coming = [(at, byte) for at, byte in self._coming if at > self.now_s]

    def read_line(self, line: ModemInput) -> bool:
        self.check()
        return line in self.asserted

    def set_line(self, line: ModemLine, asserted: bool) -> None:
        raise AssertionError("these boards are told in bytes")

    def check(self) -> None:
        if not self.is_open:
            raise RelayError("unplugged")

    def close(self) -> None:
        self.is_open = False

    def _take(self, is_complete: Callable[[bytes], bool]) -> bytes:
        self.check()
        deadline_s = self.now_s + READ_TIMEOUT_S
        taken = b""
        while not is_complete(taken):
            if not self._coming or self._coming[0][0] > deadline_s:
                self.now_s = deadline_s
                break
            at_s, byte = self._coming.pop(0)
            self.now_s = max(self.now_s, at_s)
            taken += bytes((byte,))
        return taken


class PtyBoard:
    """A board behind a pseudo-terminal: a thread that answers."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._master, self._slave = os.openpty()
        self.path = os.ttyname(self._slave)
        self._wake_read, self._wake_write = os.pipe()
        self._heard = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="board")
        self._thread.start()

    def wait_until(self, is_on: bool) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: self.board.is_on is is_on, 5)

    def unplug(self) -> None:
        """Pull the cable; the board stays as it is."""
        if self._thread.is_alive():
            os.write(self._wake_write, b"x")
            self._thread.join()
            os.close(self._master)

    def close(self) -> None:
        self.unplug()
        for fd in (self._slave, self._wake_read, self._wake_write):
            os.close(fd)

    def _run(self) -> None:
        while True:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            data = os.read(self._master, 1000)
            with self._heard:
                answer = self.board.hear(data)
                self._heard.notify_all()
            if answer:
                os.write(self._master, answer)
