"""What a signed command looks like, and whether one is genuine and of now.

A command is 64 hexadecimal digits, a line feed and a JSON object. The digits are HMAC-SHA256
(RFC 2104) over the topic, a line feed and the very bytes of the object: signed for one door, a
command does nothing at another. See ``packaging/mqtt/README.md``.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import json
import re
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

MAX_BYTES = 1024
MAX_COUNTER = 2**53
"""The largest whole number that every JSON reader keeps exactly."""
MAX_REASON = 100
_SIGNED = re.compile(rb"([0-9a-fA-F]{64})\n(.*)", re.DOTALL)


class CommandKind(enum.Enum):
    """What the building can ask for."""

    UNLOCK = "unlock"
    LOCKDOWN = "lockdown"
    END_LOCKDOWN = "end_lockdown"
    FREE_ACCESS = "free_access"
    END_FREE_ACCESS = "end_free_access"


_OF_LOCKDOWN = (CommandKind.LOCKDOWN, CommandKind.END_LOCKDOWN)


@dataclass(frozen=True, slots=True)
class Command:
    """A genuine command. Whether its counter is new, the disk knows."""

    kind: CommandKind
    counter: int
    reason: str = ""
    extended: bool = False
    minutes: int | None = None
    """Of free access; None: until it is ended."""


class CommandError(Exception):
    """A message on the command topic is not to be obeyed; ``str(error)`` says why."""


class Desk(Protocol):
    """What carries commands out; :class:`kiosk.doordesk.DoorDesk`."""

    def unlock(self, reason: str, extended: bool = False) -> Future[None]: ...
    def begin_lockdown(self) -> Future[None]: ...
    def end_lockdown(self) -> Future[None]: ...
    def begin_free_access(self, minutes: int | None) -> Future[None]: ...
    def end_free_access(self) -> Future[None]: ...


def carry_out(command: Command, desk: Desk) -> Future[None]:
    """Do it as an administrator would; the future is that of the desk."""
    if command.kind is CommandKind.UNLOCK:
        reason = f"over MQTT: {command.reason}" if command.reason else "over MQTT"
        return desk.unlock(reason, command.extended)
    if command.kind is CommandKind.LOCKDOWN:
        return desk.begin_lockdown()
    if command.kind is CommandKind.END_LOCKDOWN:
        return desk.end_lockdown()
    if command.kind is CommandKind.FREE_ACCESS:
        return desk.begin_free_access(command.minutes)
    return desk.end_free_access()


@dataclass(frozen=True, slots=True)
class Verifier:
    """Judges what arrives on one command topic."""

    key: bytes
    topic: str
    window_ms: int
    lockdown_only: bool

    @property
    def key_name(self) -> str:
        """Tells keys apart without telling them: counters begin anew with a new key."""
        return hashlib.sha256(b"door-kiosk counter\n" + self.key).hexdigest()[:16]

    def verify(self, payload: bytes, *, is_retained: bool, now_ms: int) -> Command:
        """Return the command. Raises CommandError with the first thing that is wrong."""
        if is_retained:
            raise CommandError("kept by the broker: publish commands without retain")
        body = self._genuine(payload)
        tree = _object(body)
        at_ms = _whole(tree, "time_ms", MAX_COUNTER)
        if abs(now_ms - at_ms) > self.window_ms:
            raise CommandError(
                f"of another time, {(now_ms - at_ms) / 1000:.0f} s ago by this door's clock"
            )
        command = _command(tree)
        if self.lockdown_only and command.kind not in _OF_LOCKDOWN:
            raise CommandError(f"{command.kind.value} is not allowed by the settings")
        return command

    def _genuine(self, payload: bytes) -> bytes:
        if len(payload) > MAX_BYTES:
            raise CommandError("too long")
        parts = _SIGNED.fullmatch(payload)
        if parts is None:
            raise CommandError("not signed")
        signed = self.topic.encode("utf-8") + b"\n" + parts[2]
        right = hmac.new(self.key, signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode("ascii"), parts[1].lower()):
            raise CommandError("the signature is wrong")
        return parts[2]


def _object(body: bytes) -> dict[str, Any]:
    try:
        tree = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CommandError("not JSON") from error
    if not isinstance(tree, dict):
        raise CommandError("not a JSON object")
    return tree


def _command(tree: dict[str, Any]) -> Command:
    try:
        kind = CommandKind(tree.get("command"))
    except ValueError as error:
        raise CommandError("no known command") from error
    allowed = {"command", "counter", "time_ms"}
    allowed |= {"reason", "extended"} if kind is CommandKind.UNLOCK else set()
    allowed |= {"minutes"} if kind is CommandKind.FREE_ACCESS else set()
    # What is not understood might have been meant to make the command milder.
    if set(tree) - allowed:
        raise CommandError(f"{kind.value} has a field that it does not take")
    reason, extended = tree.get("reason", ""), tree.get("extended", False)
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        raise CommandError(f"reason is not a text of at most {MAX_REASON} characters")
    if not isinstance(extended, bool):
        raise CommandError("extended is not true or false")
    minutes = None if tree.get("minutes") is None else _whole(tree, "minutes", 24 * 60)
    return Command(kind, _whole(tree, "counter", MAX_COUNTER), reason, extended, minutes)


def _whole(tree: dict[str, Any], key: str, highest: int) -> int:
    value = tree.get(key)
    if type(value) is not int or not 1 <= value <= highest:
        raise CommandError(f"{key} is not a whole number of 1 to {highest}")
    return value
