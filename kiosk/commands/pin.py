"""``door-kiosk pin``: the administrator's PIN, for who has access to the computer itself."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import TYPE_CHECKING

from kiosk.commands.options import Groups, add_command, add_group
from kiosk.commands.output import Output
from kiosk.commands.setup import data_folder, owned_store, record
from kiosk.errors import PinError

if TYPE_CHECKING:
    from kiosk.access.pin import PinKind


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "pin", "set or reset the administrator's PIN")
    add_command(
        group,
        "set",
        "choose the administrator's PIN",
        execute_set,
        more="On a terminal it asks twice; otherwise the PIN is the first line of the input.",
    )
    add_command(
        group,
        "reset",
        "remove the administrator's PIN and end a lockout",
        execute_reset,
        more="The kiosk then asks for a new PIN when it is started.",
    )


def execute_set(args: argparse.Namespace) -> int:
    """Set the PIN. Raises PinError when it is too weak or the two entries differ."""
    from kiosk.access.pin import ADMIN_PIN, PinVault
    from kiosk.domain import EventKind

    with owned_store(data_folder(args)) as store:
        PinVault(store.settings).set_pin(ask(ADMIN_PIN))
        record(store, EventKind.PIN_CHANGED, "set by command")
    Output().say("The PIN is set.")
    return 0


def execute_reset(args: argparse.Namespace) -> int:
    """Remove PIN and lockout. Raises StoreError."""
    from kiosk.access.pin import PinVault
    from kiosk.domain import EventKind

    with owned_store(data_folder(args)) as store:
        vault = PinVault(store.settings)
        was_set = vault.is_set()
        vault.clear()
        record(store, EventKind.PIN_CHANGED, "reset by command")
    Output().say(
        "The PIN and any lockout are cleared."
        if was_set
        else "There was no PIN; any lockout is cleared.",
        "Choose a new one with: door-kiosk pin set, or on the screen at the next start.",
    )
    return 0


def ask(kind: PinKind) -> str:
    """Return a new PIN: asked for twice on a terminal, else the first line of the input.

    Raises PinError when it is too weak or the two entries differ.
    """
    from kiosk.access.pin import check_strength

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    pin = getpass.getpass(f"New PIN ({kind.min_digits} to {kind.max_digits} digits): ")
    # Before it is typed again.
    check_strength(pin, kind)
    if getpass.getpass("Once more: ") != pin:
        raise PinError("The two entries differ; the PIN is as it was. Try again.")
    return pin
