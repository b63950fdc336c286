"""The lines between kiosk and guard: all that is meant passes, and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.door.guardprotocol import (
    MAX_LINE,
    Answer,
    Command,
    LineBuffer,
    Order,
    Trouble,
    decode_answer,
    decode_command,
    encode_answer,
    encode_command,
)
from kiosk.doorinputs import DoorInputs
from kiosk.errors import GuardError

numbers = st.integers(0, 2**63 - 1)
tristates = st.none() | st.booleans()
commands = st.builds(Command, numbers, st.sampled_from(Order), numbers, numbers)
answers = st.builds(
    Answer,
    numbers,
    st.sampled_from(Trouble),
    st.text(max_size=400),
    st.builds(DoorInputs, tristates, tristates, tristates),
    st.text(max_size=400),
    st.text(max_size=400),
)


@given(commands)
def test_commands_arrive_as_sent(command: Command) -> None:
    line = encode_command(command)
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and len(line) < MAX_LINE
    assert decode_command(line) == command


@given(answers)
def test_answers_arrive_as_sent(answer: Answer) -> None:
    line = encode_answer(answer)
    assert line.endswith(b"\n") and line.count(b"\n") == 1 and len(line) < MAX_LINE
    assert decode_answer(line) == answer


@pytest.mark.parametrize("letter", ["x", "ä", "\U0001f6aa", "\0", "\ud800"])
def test_the_longest_texts_fit_a_line(letter: str) -> None:
    text = letter * 5000
    line = encode_answer(Answer(1, Trouble.RELAY, text, DoorInputs(), text, text))
    assert len(line) < MAX_LINE
    assert len(decode_answer(line).error) == 400


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused(line: bytes) -> None:
    for decode in (decode_command, decode_answer):
        with pytest.raises(GuardError, match="do not understand each other"):
            decode(line)


FIELDS = {"n": 1, "do": "hold", "sent": 5, "until": 6}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", -1),
        ("n", True),
        ("n", 1.0),
        ("n", "1"),
        ("n", 2**63),
        ("do", "open"),
        ("do", None),
        ("do", ["hold"]),
        ("sent", None),
        ("until", -5),
        ("until", 1e300),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(name: str, value: object) -> None:
    assert decode_command(json.dumps(FIELDS).encode()) == Command(1, Order.HOLD, 5, 6)
    with pytest.raises(GuardError):
        decode_command(json.dumps({**FIELDS, name: value}).encode())
    with pytest.raises(GuardError):
        decode_command(json.dumps({key: FIELDS[key] for key in FIELDS if key != name}).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": []},
        {"inputs": [None, None, 1]},
        {"inputs": None},
        {"trouble": "war"},
        {"words": 5},
        {"incident": None},
    ],
)
def test_an_answer_of_the_wrong_kind_is_refused(change: dict[str, object]) -> None:
    fields = json.loads(encode_answer(Answer(1)))
    with pytest.raises(GuardError):
        decode_answer(json.dumps({**fields, **change}).encode())


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(GuardError):
        decode_command(b"[" * 8000)


@given(st.lists(commands, max_size=5), st.lists(st.integers(1, 60)), st.binary(max_size=5))
def test_lines_survive_being_cut_anywhere(
    sent: list[Command], sizes: list[int], rest: bytes
) -> None:
    data = b"".join(encode_command(command) for command in sent)
    buffer, got = LineBuffer(), []
    for size in sizes:
        piece, data = data[:size], data[size:]
        got += buffer.feed(piece)
    got += buffer.feed(data)
    assert [decode_command(line) for line in got] == sent


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    buffer = LineBuffer()
    with pytest.raises(GuardError):
        for _ in range(MAX_LINE):
            buffer.feed(b"x" * 16)
    with pytest.raises(GuardError):
        LineBuffer().feed(b"x" * MAX_LINE + b"\n")
