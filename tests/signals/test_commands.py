"""Signed commands: what is believed, and what never is."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.signals.bucket import Bucket
from kiosk.signals.commands import (
    MAX_BYTES,
    Command,
    CommandError,
    CommandKind,
    Verifier,
    carry_out,
)

KEY = b"0123456789abcdef0123456789abcdef"
TOPIC = "door-kiosk/front/command"
NOW_MS = 1_800_000_000_000
GOOD = Verifier(KEY, TOPIC, 30_000, lockdown_only=False)
UNLOCK = {"command": "unlock", "counter": 7, "time_ms": NOW_MS}


def signed(tree: object, *, key: bytes = KEY, topic: str = TOPIC) -> bytes:
    return signed_bytes(json.dumps(tree).encode(), key=key, topic=topic)


def signed_bytes(body: bytes, *, key: bytes = KEY, topic: str = TOPIC) -> bytes:
    digest = hmac.new(key, topic.encode() + b"\n" + body, hashlib.sha256).hexdigest()
    return digest.encode() + b"\n" + body


def verified(payload: bytes, now_ms: int = NOW_MS, *, is_retained: bool = False) -> Command:
    return GOOD.verify(payload, is_retained=is_retained, now_ms=now_ms)


def test_the_example_of_the_document_is_what_is_computed() -> None:
    body = b'{"command":"unlock","counter":7,"time_ms":1800000000000}'
    assert signed_bytes(body)[:64].decode() == (
        "4b5182ddc2ca2c4aa781234d27fb84fcacb9bbef0b34f82ce70c3136e95422a7"
    )
    assert verified(signed_bytes(body)) == Command(CommandKind.UNLOCK, 7)


@pytest.mark.parametrize(
    ("tree", "command"),
    [
        (UNLOCK, Command(CommandKind.UNLOCK, 7)),
        (
            {**UNLOCK, "extended": True, "reason": "parcel"},
            Command(CommandKind.UNLOCK, 7, "parcel", True),
        ),
        ({**UNLOCK, "command": "lockdown"}, Command(CommandKind.LOCKDOWN, 7)),
        ({**UNLOCK, "command": "end_lockdown"}, Command(CommandKind.END_LOCKDOWN, 7)),
        ({**UNLOCK, "command": "free_access"}, Command(CommandKind.FREE_ACCESS, 7)),
        (
            {**UNLOCK, "command": "free_access", "minutes": 30},
            Command(CommandKind.FREE_ACCESS, 7, minutes=30),
        ),
        ({**UNLOCK, "command": "end_free_access"}, Command(CommandKind.END_FREE_ACCESS, 7)),
    ],
)
def test_genuine_commands_are_understood(tree: dict[str, Any], command: Command) -> None:
    assert verified(signed(tree)) == command


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "not signed"),
        (b"UNLOCK", "not signed"),
        (b'{"command":"unlock"}', "not signed"),
        (b"x" * (MAX_BYTES + 1), "too long"),
        (signed(UNLOCK, key=b"1" * 32), "signature"),
        (signed(UNLOCK, topic="door-kiosk/back/command"), "signature"),
        (signed(UNLOCK) + b" ", "signature"),
        (signed_bytes(b"\xff"), "not JSON"),
        (signed_bytes(b"[" * 900), "not JSON"),
        (signed([UNLOCK]), "not a JSON object"),
        (signed({**UNLOCK, "command": "open"}), "no known command"),
        (signed({**UNLOCK, "command": ["unlock"]}), "no known command"),
        (signed({**UNLOCK, "command": None}), "no known command"),
        (signed({**UNLOCK, "counter": 0}), "counter"),
        (signed({**UNLOCK, "counter": True}), "counter"),
        (signed({**UNLOCK, "counter": 7.0}), "counter"),
        (signed({**UNLOCK, "counter": 2**53 + 1}), "counter"),
        (signed({**UNLOCK, "time_ms": None}), "time_ms"),
        (signed({**UNLOCK, "minutes": 3}), "a field"),
        (signed({**UNLOCK, "extended": 1}), "extended"),
        (signed({**UNLOCK, "reason": "x" * 101}), "reason"),
        (signed({**UNLOCK, "command": "free_access", "minutes": 1441}), "minutes"),
        (signed({**UNLOCK, "command": "free_access", "minutes": 0}), "minutes"),
    ],
)
def test_anything_else_is_refused_with_the_reason(payload: bytes, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        verified(payload)


@pytest.mark.parametrize("off_ms", [-30_001, 30_001])
def test_a_command_of_another_time_is_refused(off_ms: int) -> None:
    with pytest.raises(CommandError, match="of another time"):
        verified(signed(UNLOCK), NOW_MS + off_ms)


@pytest.mark.parametrize("off_ms", [-30_000, 0, 30_000])
def test_the_window_includes_its_ends(off_ms: int) -> None:
    assert verified(signed(UNLOCK), NOW_MS + off_ms).counter == 7


def test_what_the_broker_kept_is_refused() -> None:
    with pytest.raises(CommandError, match="without retain"):
        verified(signed(UNLOCK), is_retained=True)


def test_where_the_lockdown_only_is_allowed_nothing_opens() -> None:
    narrow = Verifier(KEY, TOPIC, 30_000, lockdown_only=True)
    for kind in CommandKind:
        payload = signed({**UNLOCK, "command": kind.value})
        if kind in (CommandKind.LOCKDOWN, CommandKind.END_LOCKDOWN):
            assert narrow.verify(payload, is_retained=False, now_ms=NOW_MS).kind is kind
        else:
            with pytest.raises(CommandError, match="not allowed by the settings"):
                narrow.verify(payload, is_retained=False, now_ms=NOW_MS)


@given(st.binary(max_size=2 * MAX_BYTES))
def test_garbage_is_refused(payload: bytes) -> None:
    with pytest.raises(CommandError):
        verified(payload)


@given(st.binary(max_size=MAX_BYTES - 65))
def test_signed_garbage_is_refused(body: bytes) -> None:
    with pytest.raises(CommandError):
        verified(signed_bytes(body))


@given(st.integers(0, 8 * len(signed(UNLOCK)) - 1))
def test_one_changed_bit_is_refused(bit: int) -> None:
    payload = bytearray(signed(UNLOCK))
    payload[bit // 8] ^= 1 << bit % 8
    # Digits may be written in capitals.
    if bytes(payload[:64]).lower() == signed(UNLOCK)[:64] and bit < 512:
        assert verified(bytes(payload)).counter == 7
        return
    with pytest.raises(CommandError):
        verified(bytes(payload))


def test_keys_are_told_apart_and_not_told() -> None:
    other = Verifier(b"1" * 32, TOPIC, 30_000, lockdown_only=False)
    assert GOOD.key_name != other.key_name
    assert KEY.decode() not in GOOD.key_name


class NotedDesk:
    """Writes down what it was asked to do."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    def _note(self, *what: object) -> Future[None]:
        self.asked.append(what)
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def unlock(self, reason: str, extended: bool = False) -> Future[None]:
        return self._note("unlock", reason, extended)

    def begin_lockdown(self) -> Future[None]:
        return self._note("lockdown")

    def end_lockdown(self) -> Future[None]:
        return self._note("end_lockdown")

    def begin_free_access(self, minutes: int | None) -> Future[None]:
        return self._note("free_access", minutes)

    def end_free_access(self) -> Future[None]:
        return self._note("end_free_access")


def test_every_command_reaches_the_desk() -> None:
    desk = NotedDesk()
    carry_out(Command(CommandKind.UNLOCK, 1, "parcel", extended=True), desk).result(0)
    carry_out(Command(CommandKind.UNLOCK, 1), desk).result(0)
    carry_out(Command(CommandKind.FREE_ACCESS, 1, minutes=5), desk).result(0)
    for kind in (CommandKind.LOCKDOWN, CommandKind.END_LOCKDOWN, CommandKind.END_FREE_ACCESS):
        carry_out(Command(kind, 1), desk).result(0)
    assert desk.asked == [
        ("unlock", "over MQTT: parcel", True),
        ("unlock", "over MQTT", False),
        ("free_access", 5),
        ("lockdown",),
        ("end_lockdown",),
        ("end_free_access",),
    ]


def test_a_bucket_lets_so_many_through_and_then_one_by_one() -> None:
    bucket = Bucket(3, 2.0)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(11.9), bucket.take(12.1), bucket.take(12.2)] == [False, True, False]
    assert [bucket.take(1000.0) for _ in range(4)] == [True, True, True, False]
