"""Tells Home Assistant how to show the door.

Source: home-assistant.io, integrations "MQTT", "MQTT lock", "binary sensor", "sensor", "event".
"""

from __future__ import annotations

from typing import Any

from kiosk import __version__
from kiosk.config import MqttConfig
from kiosk.domain import DoorState, EventKind
from kiosk.signals.messages import OFFLINE, ONLINE, Message, as_json
from kiosk.signals.topics import Topics


def discovery_messages(config: MqttConfig, topics: Topics, door_name: str) -> list[Message]:
    """Return one retained message for each thing to be shown; empty when that is off."""
    if not config.discovery:
        return []
    common = {
        "availability_topic": topics.availability,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "device": {
            "identifiers": [f"door-kiosk-{topics.device_id}"],
            "name": door_name,
            "manufacturer": "door-kiosk",
            "model": "door-kiosk",
            "sw_version": __version__,
        },
        "origin": {"name": "door-kiosk", "sw_version": __version__},
    }
    return [
        _message(config, topics, component, part, {**common, **own})
        for component, part, own in _parts(topics)
    ]


def _message(
    config: MqttConfig, topics: Topics, component: str, part: str, tree: dict[str, Any]
) -> Message:
    unique_id = f"door-kiosk-{topics.device_id}-{part}"
    return Message(
        f"{config.discovery_prefix}/{component}/{unique_id}/config",
        as_json({**tree, "unique_id": unique_id}),
        is_retained=True,
    )


def _parts(topics: Topics) -> list[tuple[str, str, dict[str, Any]]]:
    lock = {
        "name": None,
        "state_topic": topics.state,
        "value_template": "{{ value_json.lock }}",
        # Home Assistant demands a topic here and cannot sign: what it sends is not obeyed.
        "command_topic": f"{topics.root}/unsigned",
    }
    state = {
        "name": "State",
        "state_topic": topics.state,
        "value_template": "{{ value_json.state }}",
        "device_class": "enum",
        "options": [state.value for state in DoorState],
    }
    events = {
        "name": "Events",
        "state_topic": topics.event,
        "event_types": [kind.value for kind in EventKind if kind is not EventKind.DURESS],
    }
    return [
        ("lock", "lock", lock),
        ("binary_sensor", "leaf", _is(topics, "Door", "door", "is_open")),
        ("binary_sensor", "alarm", _is(topics, "Alarm", "tamper", "is_alarm")),
        ("binary_sensor", "problem", _is(topics, "Problem", "problem", "is_fault")),
        ("sensor", "state", state),
        ("event", "events", events),
    ]


def _is(topics: Topics, name: str, device_class: str, key: str) -> dict[str, Any]:
    template = "{{ {true: 'ON', false: 'OFF'}.get(value_json.KEY, 'None') }}"
    return {
        "name": name,
        "device_class": device_class,
        "state_topic": topics.state,
        "value_template": template.replace("KEY", key),
    }
