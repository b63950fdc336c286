"""What the doctor looks at of the door: its relay and wires, rules, the time, and the broker.

No relay clicks, nothing is sent to a broker, and a kiosk may be running beside it.
"""

from __future__ import annotations

from kiosk.access.calendar import load_zone
from kiosk.access.clocktrust import ClockTrust
from kiosk.access.lockout import LockoutClock
from kiosk.clockstate import MADE_MS, ClockSources
from kiosk.clockwatch import MEMORY_KEY
from kiosk.config import Config, DoorConfig, MqttConfig
from kiosk.datafolder import DataFolder
from kiosk.door.drivers import parse_relay
from kiosk.door.relay import Relay
from kiosk.door.rules import DoorRules
from kiosk.errors import AccessError, ConfigError, KioskError, RelayError
from kiosk.health import HealthRow
from kiosk.people import access_here
from kiosk.signals.link import port_of, tls_context
from kiosk.signals.secretfile import read_key, read_login
from kiosk.signals.signals import check_config
from kiosk.signals.topics import Topics
from kiosk.store.inspection import inspected

_CONTACTS = {
    "strike": (
        "a strike that current opens, wired to the contacts COM and NO: the released relay locks "
        "it, and so does a power failure"
    ),
    "maglock": (
        "a magnet that current holds, wired to the contacts COM and NC: the released relay holds "
        "it; a power failure opens it, and an emergency button must cut its current"
    ),
}
_REFUSED = {
    "permanent": "people whose rights depend on the time are not let in",
    "nobody": "nobody is let in",
}


def check_relay(url: str, owner: str | None) -> list[HealthRow]:
    """Connect to a relay, which switches it off, read its wires, and let go of it.

    It is never switched on. ``owner`` is the process of a kiosk that uses it already.
    """
    try:
        relay = parse_relay(url)
    except ConfigError as error:
        return [HealthRow("Relay", "fault", str(error))]
    if relay.is_simulated:
        return [HealthRow("Relay", "warning", f"{relay.description}.")]
    if owner is not None:
        text = f"{relay.description}: not tried, the running kiosk (process {owner}) uses it"
        return [HealthRow("Relay", "ok", text)]
    try:
        relay.connect()
        text = f"{relay.description}; connected, off; " + (
            "it ends a pulse by its own timer"
            if relay.capabilities.has_pulse
            else "it has no timer: the guard alone ends a pulse"
        )
        return [HealthRow("Relay", "ok", text), _check_wires(relay)]
    except KioskError as error:
        return [HealthRow("Relay", "fault", str(error))]
    finally:
        relay.close()


def _check_wires(relay: Relay) -> HealthRow:
    without_sensor = "without a door sensor nobody notices a door that is forced or left open"
    if not relay.capabilities.has_inputs:
        return HealthRow("Wires", "ok", f"none are named in door.relay; {without_sensor}")
    try:
        inputs = relay.inputs()
    except RelayError as error:
        # At the door this is a fault too: what cannot be read may be an open door.
        return HealthRow("Wires", "fault", str(error))
    text = inputs.words if inputs.is_open is not None else f"{inputs.words}; {without_sensor}"
    return HealthRow("Wires", "ok", text)


def check_lock(config: DoorConfig) -> HealthRow:
    """Say which contacts the lock belongs to, and whether the door's times fit together."""
    try:
        DoorRules.from_config(config)
    except ConfigError as error:
        return HealthRow("Lock", "fault", f"{error} See [door] in the settings.")
    return HealthRow("Lock", "ok", _CONTACTS[config.wiring])


def check_access(config: Config) -> HealthRow:
    """Say by which zone's clock and for which door rights are judged."""
    here = access_here(config)
    try:
        load_zone(here.zone)
    except AccessError as error:
        return HealthRow("Rights", "fault", f"[access] zone: {error}")
    zone = f"of {here.zone}" if here.zone else "that this computer shows"
    return HealthRow("Rights", "ok", f"hours are by the time {zone}; the door is {here.door!r}")


def check_clock_trust(
    folder: DataFolder,
    owner: str | None,
    untrusted_clock: str,
    now_ms: int,
    now: LockoutClock,
    sources: ClockSources,
) -> HealthRow:
    """Say whether a kiosk that starts now believes the clock, and why; nothing is remembered.

    ``untrusted_clock`` is the setting of that name.
    """
    trust = ClockTrust(
        MADE_MS,
        sources.has_rtc,
        sources.was_synchronised,
        boot_id=now.boot_id,
        memory=_clock_memory(folder, owner),
    )
    state = trust.look(now_ms, now.monotonic_ns, sources.synchronised)
    if not state.ok:
        text = (
            f"{state.reason} Until a time server answers, or somebody says at the kiosk that the "
            f"time is right (administration, Door), {_REFUSED[untrusted_clock]}."
        )
        return HealthRow("Clock trust", "warning", text)
    return HealthRow("Clock trust", "ok", f"believed: {_voucher(sources)}")


def _voucher(sources: ClockSources) -> str:
    if sources.synchronised:
        return "a time server keeps it"
    if sources.was_synchronised:
        return "a time server has set it since the computer was switched on"
    if sources.has_rtc:
        return "the clock with a battery shows the same"
    return "nobody has set it since it was believed last"


def _clock_memory(folder: DataFolder, owner: str | None) -> str:
    if not folder.database.exists():
        return ""
    try:
        with inspected(folder.database, in_use=owner is not None) as store:
            return store.settings.get(MEMORY_KEY) or ""
    except KioskError:
        # A row of its own says what is wrong with the database.
        return ""


def check_mqtt(config: MqttConfig, door_name: str) -> HealthRow:
    """Look at the settings and files for the broker, without calling it."""
    if not config.host:
        return HealthRow("MQTT", "ok", "off: no broker is set")
    try:
        check_config(config)
        root = Topics.of(config, door_name).root
        if config.login_file:
            read_login(config.login_file)
        if config.tls:
            tls_context(config)
        if config.commands != "off":
            read_key(config.secret_file)
    except ConfigError as error:
        return HealthRow("MQTT", "fault", str(error))
    text = f"{config.host}:{port_of(config)}, topics {root}/…, commands: {config.commands}"
    if config.tls:
        return HealthRow("MQTT", "ok", f"{text}, TLS")
    return HealthRow("MQTT", "warning", f"{text}; without TLS anybody on the network can read it")
