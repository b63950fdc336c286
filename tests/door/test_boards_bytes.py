"""The bytes of every board, both ways, as their makers print them; and over a real terminal."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door import asciiboard, drivers, numato
from kiosk.door.modbus import ascii_frame, crc16, rtu_frame
from kiosk.door.port import ModemInput, ModemLine
from kiosk.door.relay import Relay
from kiosk.errors import RelayError

# Each step: what is done, and what is then said (>) and heard (<).
SCRIPTS = {
    "modbus:/dev/x": """
        connect > 01 05 00 00 00 00 CD CA
                > 01 05 00 00 00 00 CD CA < 01 05 00 00 00 00 CD CA
                > 01 01 00 00 00 08 3D CC < 01 01 01 00 51 88
        on      > 01 05 00 00 FF 00 8C 3A < 01 05 00 00 FF 00 8C 3A
                > 01 01 00 00 00 08 3D CC < 01 01 01 01 90 48
        off     > 01 05 00 00 00 00 CD CA < 01 05 00 00 00 00 CD CA
                > 01 01 00 00 00 08 3D CC < 01 01 01 00 51 88
        pulse 0.7 > 01 05 02 00 00 07 8D B0 < 01 05 02 00 00 07 8D B0
        pulse 3 > 01 05 02 00 00 1E 4C 7A < 01 05 02 00 00 1E 4C 7A
        pulse 5 > 01 05 02 00 00 32 4D A7 < 01 05 02 00 00 32 4D A7
        close   > 01 05 00 00 00 00 CD CA
                > 01 05 00 00 00 00 CD CA""",
    "modbus:/dev/x?channel=2&sensor=1&exit=!2": """
        connect > 01 05 00 01 00 00 9C 0A
                > 01 05 00 01 00 00 9C 0A < 01 05 00 01 00 00 9C 0A
                > 01 01 00 00 00 08 3D CC < 01 01 01 01 90 48
        on      > 01 05 00 01 FF 00 DD FA < 01 05 00 01 FF 00 DD FA
                > 01 01 00 00 00 08 3D CC < 01 01 01 02 D0 49
        inputs open,pressed > 01 02 00 00 00 08 79 CC < 01 02 01 01 60 48
        inputs shut,idle > 01 02 00 00 00 08 79 CC < 01 02 01 02 20 49""",
    "modbus:/dev/x?profile=lctech&exit=1": """
        connect > FF 05 00 00 00 00 D8 14
                > FF 05 00 00 00 00 D8 14 < FF 05 00 00 00 00 D8 14
                > FF 01 00 00 00 08 28 12 < FF 01 01 00 60 60
        on      > FF 05 00 00 FF 00 99 E4 < FF 05 00 00 FF 00 99 E4
                > FF 01 00 00 00 08 28 12 < FF 01 01 01 A1 A0
        pulse 5 > FF 10 00 03 00 02 04 00 02 00 32 A4 44 < FF 10 00 03 00 02 A4 16
        inputs -,pressed > FF 02 00 00 00 08 6C 12 < FF 02 01 01 51 A0""",
    "modbus:/dev/x?profile=onoff256": """
        connect > 01 05 00 01 00 00 9C 0A
                > 01 05 00 01 00 00 9C 0A < 01 05 00 01 00 00 9C 0A
        on      > 01 05 00 01 01 00 9D 9A < 01 05 00 01 01 00 9D 9A
        pulse 5 > 01 05 00 01 01 00 9D 9A < 01 05 00 01 01 00 9D 9A
        off     > 01 05 00 01 00 00 9C 0A < 01 05 00 01 00 00 9C 0A""",
    "modbus:/dev/x?profile=sainsmart": """
        connect > ":FE0500000000FD\r\n"
                > ":FE0500000000FD\r\n"
                > ":FE0500000000FD\r\n"
        on      > ":FE050000FF00FE\r\n"
        off     > ":FE0500000000FD\r\n"
                > ":FE0500000000FD\r\n" """,
    "kmtronic:/dev/x": """
        connect > FF 01 00
                > FF 01 00
                > FF 01 03 < FF 01 00
        on      > FF 01 01
                > FF 01 03 < FF 01 01
        off     > FF 01 00
                > FF 01 03 < FF 01 00""",
    "kmtronic:/dev/x?channel=2&channels=4": """
        connect > FF 02 00
                > FF 02 00
                > FF 09 00 < 01 00 01 01
        on      > FF 02 01
                > FF 09 00 < 00 01 00 00""",
    "devantech:/dev/x?module=rly16&channel=8": """
        connect > 76
                > 76
                > 5A 5B < 09 01 7F
        on      > 6C
                > 5A 5B < 09 01 80
        off     > 76
                > 5A 5B < 09 01 00""",
    "devantech:/dev/x": """
        connect > 6F
                > 6F
                > 5A 5B < 0A 01 02
        on      > 65
                > 5A 5B < 0A 01 01""",
    "hw667:/dev/x": """
        connect > BB
                > BB
                > BB
        on      > AA
        off     > BB
                > BB
        pulse 1 > CC
        pulse 1.1 > AA
        close   > BB
                > BB""",
    "numato:/dev/x?sensor=!5&exit=0": """
        connect > "\rrelay off 0\r"
                > "relay off 0\r" < "relay off 0\n\r>"
                > "relay read 0\r" < "relay read 0\n\roff\n\r>"
        on      > "relay on 0\r" < "relay on 0\r\n\r\n>"
                > "relay read 0\r" < "relay read 0\r\non\r\n>"
        inputs shut,idle > "gpio read 0\r" < "gpio read 0\n\r0\n\r>"
                > "gpio read 5\r" < "gpio read 5\n\r1\n\r>"
        off     > "relay off 0\r" < ">"
                > "relay read 0\r" < "off\n>" """,
    "numato:/dev/x?channel=12": """
        connect > "\rrelay off C\r"
                > "relay off C\r" < "relay off C\n\r>"
                > "relay read C\r" < "relay read C\n\roff\n\r>"
        on      > "relay on C\r" < "relay on C\n\r>"
                > "relay read C\r" < "relay read C\n\ron\n\r>" """,
    "ascii:/dev/x?on=A&off=a": """
        connect > 61
                > 61
                > 61
        on      > 41
        off     > 61
                > 61""",
    "ascii:/dev/x?on=open%0A&off=shut%0A&pulse=open {ms}%0A&reply=ok {sent}%0D%0A": """
        connect > "shut\n"
                > "shut\n" < "Ready 1.0\r\nok shut\r\n"
        pulse 5 > "open 5000\n" < "ok open 5000\r\n"
        on      > "open\n" < "ok open\r\n"
        off     > "shut\n" < "ok shut\r\n" """,
    "ascii:/dev/x?on=1&off=0&pulse=P{s}.&reply=%06": """
        connect > "0"
                > "0" < 06
        pulse 2 > "P2." < 06
        pulse 2.1 > "P3." < 06""",
    "lcus:/dev/x?channel=2": """
        connect > A0 02 00 A2
                > A0 02 05 A7 < A0 02 00 A2
                > A0 02 00 A2
                > A0 02 02 A4 < A0 02 00 A2
        on      > A0 02 03 A5 < A0 02 01 A3
        pulse 1 > A0 02 03 A5 < A0 02 01 A3""",
}


class ScriptedPort:
    """A port that must be told exactly the bytes of a script, and answers with those of it."""

    device = "/dev/x"
    is_open = False

    def __init__(self) -> None:
        self.script: list[tuple[bytes, bytes]] = []
        self._answer = b""

    def open(self) -> None:
        self.is_open = True

    def write(self, data: bytes) -> None:
        expected, self._answer = self.script.pop(0) if self.script else (b"nothing more", b"")
        assert data.hex(" ") == expected.hex(" ")

    def read(self, size: int) -> bytes:
        taken, self._answer = self._answer[:size], self._answer[size:]
        assert len(taken) == size, "a right answer is not waited for longer than it comes"
        return taken

    def read_until(self, end: bytes, limit: int) -> bytes:
        index = self._answer.find(end)
        assert 0 <= index < limit, "a right answer is not waited for longer than it comes"
        return self.read(index + len(end))

    def discard_input(self) -> None:
        assert self._answer == b"", "a right answer is read to its end"

    def read_line(self, line: ModemInput) -> bool:
        raise AssertionError("no modem line is configured")

    def set_line(self, line: ModemLine, asserted: bool) -> None:
        raise AssertionError("these boards are told in bytes")

    def check(self) -> None:
        pass

    def close(self) -> None:
        self.is_open = False


def to_bytes(text: str) -> bytes:
    text = text.strip(" ")
    return text[1:-1].encode() if text.startswith('"') else bytes.fromhex(text)


def read_script(text: str) -> list[tuple[str, list[tuple[bytes, bytes]]]]:
    steps: list[tuple[str, list[tuple[bytes, bytes]]]] = []
    # The prompt of a Numato module is no sign of direction: it stands next to its quotation mark.
    for line in text.strip("\n").split("\n        "):
        do, _, rest = line.partition("> ")
        if do.strip():
            steps.append((do.strip(), []))
        said, _, heard = rest.partition(" < ")
        steps[-1][1].append((to_bytes(said), to_bytes(heard)))
    return steps


def perform(relay: Relay, do: str) -> None:
    name, _, value = do.partition(" ")
    if name == "pulse":
        own = relay.pulse(float(value))
        assert own == 0.0 or own >= float(value)
    elif name == "inputs":
        found = relay.inputs()
        texts = (
            {None: "-", True: "open", False: "shut"},
            {None: "-", True: "pressed", False: "idle"},
        )
        assert value == f"{texts[0][found.is_open]},{texts[1][found.exit_pressed]}"
        assert found.other_open is None
    else:
        calls: dict[str, Callable[[], None]] = {
            "connect": relay.connect,
            "on": relay.switch_on,
            "off": relay.switch_off,
            "close": relay.close,
        }
        calls[name]()


@pytest.mark.parametrize("url", SCRIPTS)
def test_the_bytes_are_those_of_the_maker(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    port = ScriptedPort()
    monkeypatch.setattr(drivers, "SerialPort", lambda *args, **kwargs: port)
    relay = drivers.parse_relay(url)
    for do, exchange in read_script(SCRIPTS[url]):
        port.script = exchange
        perform(relay, do)
        assert port.script == [], f"not said while: {do}"


@pytest.mark.parametrize(
    "frame",
    [
        "01 05 00 00 55 00 F2 9A",
        "01 05 00 FF FF 00 BC 0A",
        "01 05 00 FF 00 00 FD FA",
        "FF 02 00 00 00 08 6C 12",
    ],
)
def test_checksums_of_frames_in_the_manuals(frame: str) -> None:
    data = bytes.fromhex(frame)
    assert crc16(data[:-2]).to_bytes(2, "little") == data[-2:]
    assert crc16(data) == 0


@given(st.binary(min_size=2, max_size=30), st.integers(0, 300))
def test_a_flipped_bit_changes_the_checksum(body: bytes, place: int) -> None:
    frame = rtu_frame(body[0], body[1], data=body[2:])
    flipped = bytearray(frame)
    flipped[place // 8 % len(frame)] ^= 1 << place % 8
    assert crc16(frame) == 0
    assert crc16(bytes(flipped)) != 0


@given(st.integers(0, 255), st.integers(0, 255), st.lists(st.integers(0, 0xFFFF), max_size=4))
def test_the_digits_of_an_ascii_frame_add_up_to_nothing(
    slave: int, function: int, words: list[int]
) -> None:
    frame = ascii_frame(slave, function, *words)
    assert frame.startswith(b":") and frame.endswith(b"\r\n")
    assert sum(bytes.fromhex(frame[1:-2].decode())) % 256 == 0


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (b"relay read 0\n\ron\n\r>", True),
        (b"relay read 0\r\noff\r\n>", False),
        (b"on\r>", True),
        (b"relay read 1\n\ron\n\r>", None),
        (b"relay read 0\n\ron\n\roff\n\r>", None),
        (b"relay read 0\n\ron\n\r", None),
        (b"relay read 0\n\r>", None),
        (b"\xff\n\ron\n\r>", None),
        (b"onn\n\r>", None),
        (b"on\n\r>>", None),
    ],
)
def test_a_numato_module_is_believed_by_whole_lines(answer: bytes, meaning: bool | None) -> None:
    assert numato.ask("relay read 0", {"on": True, "off": False}).understand(answer) is meaning


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        (b"ok shut\n", True),
        (b"door closed\nok shut\n", True),
        (b"ok open\n", False),
        (b"not ok shut\n", False),
        (b"ok shut", False),
        (b"ok shut\n\n", False),
        (b"", False),
    ],
)
def test_own_commands_are_confirmed_by_their_own_line(answer: bytes, is_right: bool) -> None:
    board = asciiboard.make_board(b"open\n", b"shut\n", b"", b"ok {sent}\n", 0.0)
    assert bool(board.off.understand(answer)) is is_right


# --- over a terminal --------------------------------------------------------------------------

OVER_TERMINALS: dict[str, tuple[str, Callable[[types.ModuleType], Any], tuple[bool, bool]]] = {
    # URL with {}, board, (reads back, times the pulse itself)
    "lcus": ("lcus:{}", lambda f: f.Lcus(), (True, False)),
    "waveshare": ("modbus:{}?sensor=1", lambda f: f.Modbus(flash=0x200), (True, True)),
    "lctech": (
        "modbus:{}?profile=lctech&sensor=1",
        lambda f: f.Modbus(slave=0xFF, timer=3),
        (True, True),
    ),
    "numato": ("numato:{}?sensor=1", lambda f: f.Numato(), (True, False)),
    "kmtronic": ("kmtronic:{}?channels=4", lambda f: f.Kmtronic(4), (True, False)),
    "devantech": ("devantech:{}", lambda f: f.Devantech(), (True, False)),
    "hw667": ("hw667:{}", lambda f: f.Hw667(), (False, True)),
    "ascii": (
        "ascii:{}?on=open%0A&off=shut%0A&pulse=open {{ms}}%0A&reply=ok {{sent}}%0A",
        lambda f: f.Own(),
        (True, True),
    ),
}


@pytest.mark.parametrize("name", OVER_TERMINALS)
def test_boards_behind_a_real_terminal(boards: types.ModuleType, name: str) -> None:
    url, make, (has_readback, has_pulse) = OVER_TERMINALS[name]
    board = make(boards)
    board.inputs = {1}
    device = boards.PtyBoard(board)
    try:
        relay = drivers.parse_relay(url.format(device.path))
        relay.connect()
        assert relay.capabilities.has_readback is has_readback
        assert relay.capabilities.has_pulse is has_pulse
        relay.switch_on()
        device.wait_until(is_on=True)
        relay.switch_off()
        device.wait_until(is_on=False)
        assert relay.pulse(1.0) == (1.0 if has_pulse else 0.0)
        device.wait_until(is_on=True)
        if relay.capabilities.has_inputs:
            assert relay.inputs().is_open is True
        relay.check()
        relay.close()
        device.wait_until(is_on=False)
    finally:
        device.close()


@pytest.mark.parametrize("name", OVER_TERMINALS)
def test_a_board_plugged_in_again_is_found_by_its_link_and_locked(
    boards: types.ModuleType, tmp_path: Path, name: str
) -> None:
    url, make, _ = OVER_TERMINALS[name]
    link = tmp_path / "door-relay"
    first, second = boards.PtyBoard(make(boards)), None
    try:
        link.symlink_to(first.path)
        relay = drivers.parse_relay(url.format(link))
        relay.connect()
        relay.switch_on()
        first.unplug()
        with pytest.raises(RelayError, match="no longer answers"):
            relay.check()
        with pytest.raises(RelayError):
            relay.switch_off()
        relay.close()
        # On its own supply it has kept its relay on, and comes back by another name.
        second = boards.PtyBoard(first.board)
        link.unlink()
        link.symlink_to(second.path)
        relay.connect()
        second.wait_until(is_on=False)
        relay.switch_on()
        second.wait_until(is_on=True)
        relay.close()
        second.wait_until(is_on=False)
    finally:
        first.close()
        if second is not None:
            second.close()
