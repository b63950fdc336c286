"""The document for integrators says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

from kiosk.domain import DoorState
from kiosk.signals.commands import MAX_BYTES, CommandKind, Verifier
from kiosk.signals.topics import Topics

TEXT = (Path(__file__).parents[2] / "packaging" / "mqtt" / "README.md").read_text(encoding="utf-8")


def test_its_example_is_genuine() -> None:
    found = re.search(r"```\n([0-9a-f]{64}\n\{.*\})\n```", TEXT)
    assert found is not None
    key = re.search(r"secret `([0-9a-f]{32})`", TEXT)
    assert key is not None
    verifier = Verifier(key[1].encode(), "door-kiosk/front/command", 30_000, lockdown_only=False)
    command = verifier.verify(found[1].encode(), is_retained=False, now_ms=1_800_000_000_000)
    assert (command.kind, command.counter) == (CommandKind.UNLOCK, 7)


def test_it_names_every_command_state_and_topic() -> None:
    topics = Topics("ROOT", "x")
    for word in (
        *(kind.value for kind in CommandKind),
        *(state.value for state in DoorState),
        *(topics.availability, topics.state, topics.event, topics.duress, topics.result),
        topics.command,
    ):
        assert f"`{word}`" in TEXT
    assert f"{MAX_BYTES:,} bytes" in TEXT
