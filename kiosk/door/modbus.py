"""Relay boards that speak Modbus, as data.

Sources: Waveshare, "Modbus RTU Relay" protocol V3; LC-Tech, "Modbus RTU relay module"; the
frames of the boards that take 0x0100 for "on", as several projects note them. Modbus itself:
"MODBUS over serial line", V1.02.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass

from kiosk.door.board import Board, Question, answered, unanswered

GAP_S = 0.005
"""Frames end with 3.5 characters of silence: 4 ms at 9600 baud."""

_READ_COILS = 0x01
_READ_INPUTS = 0x02
_WRITE_COIL = 0x05
_WRITE_REGISTERS = 0x10
_BLOCK = 8
"""Coils and inputs are asked for by eights: some boards answer nothing else."""
INPUTS = tuple(str(number) for number in range(1, _BLOCK + 1))
_TICKS_PER_S = 10
_MOST_TICKS = 0x7FFF


class Timer(enum.Enum):
    """How a board is told to switch on for a time, in ticks of 0.1 s."""

    NONE = enum.auto()
    FLASH_COIL = enum.auto()
    """The ticks are written to the coil 0x0200 above that of the relay."""
    REGISTERS = enum.auto()
    """Mode 2 and the ticks are written to two registers; each channel has five, from 3 on."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a family of boards does in its own way."""

    name: str
    slave: int
    """Address it is sold with."""
    channels: int
    first_coil: int = 0
    on_value: int = 0xFF00
    reads_coils: bool = False
    has_inputs: bool = False
    timer: Timer = Timer.NONE
    is_ascii: bool = False
    """Modbus ASCII, whose answers nobody has described: they are not waited for."""


PROFILES: Mapping[str, Profile] = {
    "waveshare": Profile(
        "Waveshare Modbus board", 1, 32, reads_coils=True, has_inputs=True, timer=Timer.FLASH_COIL
    ),
    "lctech": Profile(
        "LC-Tech Modbus board", 0xFF, 8, reads_coils=True, has_inputs=True, timer=Timer.REGISTERS
    ),
    "onoff256": Profile("Modbus board (0x0100 is on)", 1, 8, first_coil=1, on_value=0x0100),
    "sainsmart": Profile("SainSmart Modbus ASCII board", 0xFE, 16, is_ascii=True),
}


def crc16(data: bytes) -> int:
    """Return the CRC of Modbus RTU: reflected polynomial 0xA001, started with 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def rtu_frame(slave: int, function: int, *words: int, data: bytes = b"") -> bytes:
    """Return a frame: 16-bit words, then bytes, then the CRC."""
    body = bytes((slave, function)) + b"".join(word.to_bytes(2, "big") for word in words) + data
    return body + crc16(body).to_bytes(2, "little")


def ascii_frame(slave: int, function: int, *words: int) -> bytes:
    """Return a frame of Modbus ASCII: hexadecimal digits, and the sum's complement."""
    body = bytes((slave, function)) + b"".join(word.to_bytes(2, "big") for word in words)
    return b":%s\r\n" % (body + bytes((-sum(body) & 0xFF,))).hex().upper().encode("ascii")


def make_board(profile: Profile, slave: int, channel: int) -> Board:
    """Return the board for a channel, counted from 1."""
    place = f"slave {slave}, channel {channel}"
    coil = profile.first_coil + channel - 1
    if profile.is_ascii:
        on, off = (ascii_frame(slave, _WRITE_COIL, coil, v) for v in (profile.on_value, 0))
        return Board(profile.name, place, unanswered(on), unanswered(off))
    block, bit = divmod(channel - 1, _BLOCK)

    def pulse(seconds: float) -> tuple[Question[bool], float] | None:
        ticks = max(1, math.ceil(round(seconds * _TICKS_PER_S, 6)))
        if ticks > _MOST_TICKS:
            return None
        return _pulse(profile.timer, slave, channel, ticks), ticks / _TICKS_PER_S

    def ask_inputs(names: frozenset[str]) -> list[Question[Mapping[str, bool]]]:
        return [_ask_inputs(slave)]

    return Board(
        profile.name,
        place,
        on=_write_coil(slave, coil, profile.on_value),
        off=_write_coil(slave, coil, 0),
        state=_ask_coil(slave, block * _BLOCK, bit) if profile.reads_coils else None,
        # The answer to a command equals it: an adapter that hears itself would give it, too.
        has_readback=profile.reads_coils,
        pulse=None if profile.timer is Timer.NONE else pulse,
        ask_inputs=ask_inputs if profile.has_inputs else None,
        gap_s=GAP_S,
    )


def _write_coil(slave: int, coil: int, value: int) -> Question[bool]:
    frame = rtu_frame(slave, _WRITE_COIL, coil, value)
    # The answer is the question again.
    return answered(frame, frame)


def _pulse(timer: Timer, slave: int, channel: int, ticks: int) -> Question[bool]:
    if timer is Timer.FLASH_COIL:
        return _write_coil(slave, 0x0200 + channel - 1, ticks)
    register = 3 + (channel - 1) * 5
    values = b"\x04" + (2).to_bytes(2, "big") + ticks.to_bytes(2, "big")
    return answered(
        rtu_frame(slave, _WRITE_REGISTERS, register, 2, data=values),
        rtu_frame(slave, _WRITE_REGISTERS, register, 2),
    )


def read_coils(slave: int, first: int = 0, count: int = _BLOCK) -> Question[int]:
    """Return the question for up to eight coils, answered with their bits."""
    return _read_bits(slave, _READ_COILS, first, count)


def _read_bits(slave: int, function: int, first: int, count: int) -> Question[int]:
    def bits(answer: bytes) -> int | None:
        is_right = len(answer) == 6 and answer == rtu_frame(
            slave, function, data=bytes((1, answer[3]))
        )
        return answer[3] if is_right else None

    return Question(rtu_frame(slave, function, first, count), bits, 6)


def _ask_coil(slave: int, first: int, bit: int) -> Question[bool]:
    question = read_coils(slave, first)

    def state(answer: bytes) -> bool | None:
        bits = question.understand(answer)
        return None if bits is None else bool(bits >> bit & 1)

    return Question(question.request, state, question.size)


def _ask_inputs(slave: int) -> Question[Mapping[str, bool]]:
    question = _read_bits(slave, _READ_INPUTS, 0, _BLOCK)

    def levels(answer: bytes) -> Mapping[str, bool] | None:
        bits = question.understand(answer)
        if bits is None:
            return None
        return {name: bool(bits >> bit & 1) for bit, name in enumerate(INPUTS)}

    return Question(question.request, levels, question.size)
