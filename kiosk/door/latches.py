"""From the setting ``door.relay`` to a latch: real relays are guarded, simulated ones are not."""

from __future__ import annotations

from pathlib import Path

from kiosk.door.drivers import parse_relay
from kiosk.door.guardedlatch import GuardedLatch
from kiosk.door.latch import DirectLatch, Latch


def make_latch(relay_url: str, journal: Path | None) -> Latch:
    """Return the latch of a relay; nothing is opened or started yet.

    ``journal`` is the file in which the guard of a real relay notes what it did. Raises
    ConfigError for a relay that cannot be meant.
    """
    relay = parse_relay(relay_url)
    return DirectLatch(relay) if relay.is_simulated else GuardedLatch(relay_url, journal)
