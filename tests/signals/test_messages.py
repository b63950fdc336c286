"""What goes out, word by word; and what must not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kiosk.config import MqttConfig, parse_config
from kiosk.domain import DoorAlarm, DoorState, DoorStatus, Event, EventKind
from kiosk.doorinputs import DoorInputs
from kiosk.errors import ConfigError
from kiosk.signals.discovery import discovery_messages
from kiosk.signals.messages import Message, event_message, state_message
from kiosk.signals.secretfile import read_key, read_login
from kiosk.signals.signals import check_config
from kiosk.signals.topics import Topics

TOPICS = Topics("door-kiosk/front", "front")
GRANTED = Event(EventKind.GRANTED, 5, 7, "Ada Byron", "face", 0.8, 0.4, 12)


def tree(message: Message) -> Any:
    return json.loads(message.payload)


def test_an_event_names_nobody_unless_told_to() -> None:
    message = event_message(TOPICS, GRANTED, "ab12", names=False)
    assert message == Message(
        "door-kiosk/front/event",
        '{"event_type":"granted","seq":12,"log":"ab12","at_ms":5,"person_id":7,"detail":"face"}',
    )
    assert tree(event_message(TOPICS, GRANTED, "ab12", names=True))["person_name"] == "Ada Byron"


def test_what_an_administrator_typed_stays_with_the_names() -> None:
    event = Event(EventKind.MANUAL_UNLOCK, 5, detail="for Ada Byron", seq=1)
    assert "detail" not in tree(event_message(TOPICS, event, "ab12", names=False))
    assert tree(event_message(TOPICS, event, "ab12", names=True))["detail"] == "for Ada Byron"


def test_how_like_a_face_was_stays_here() -> None:
    assert "0.8" not in event_message(TOPICS, GRANTED, "ab12", names=True).payload


def test_a_long_detail_does_not_make_a_long_message() -> None:
    event = Event(EventKind.FAULT, 5, detail="ä" * 2000, seq=1)
    assert len(event_message(TOPICS, event, "ab12", names=True).payload.encode()) < 1200


@pytest.mark.parametrize("kind", EventKind)
def test_duress_alone_has_a_topic_of_its_own(kind: EventKind) -> None:
    message = event_message(TOPICS, Event(kind, 5, seq=1), "ab12", names=False)
    assert (message.topic == TOPICS.duress) == (kind is EventKind.DURESS)
    assert not message.is_retained


@pytest.mark.parametrize(
    ("state", "is_unlocked", "lock"),
    [
        (DoorState.LOCKED, False, "LOCKED"),
        (DoorState.UNLOCKED, True, "UNLOCKED"),
        (DoorState.FREE_ACCESS, True, "UNLOCKED"),
        (DoorState.LOCKDOWN, False, "LOCKED"),
        (DoorState.FORCED, False, "LOCKED"),
        (DoorState.FAULT, False, "JAMMED"),
        (DoorState.FAULT, True, "UNLOCKED"),
    ],
)
def test_the_lock_is_told_as_it_is(state: DoorState, is_unlocked: bool, lock: str) -> None:
    status = DoorStatus(state, "relay", False, is_unlocked=is_unlocked)
    said = tree(state_message(TOPICS, status, 9))
    assert (said["lock"], said["state"], said["at_ms"]) == (lock, state.value, 9)
    assert state_message(TOPICS, status, 9).is_retained


@pytest.mark.parametrize(
    ("alarm", "live", "is_alarm"),
    [
        (None, None, False),
        (DoorAlarm.HELD_SOON, None, False),
        # A warning that covers an alarm nobody has seen.
        (DoorAlarm.HELD_SOON, DoorAlarm.FORCED, True),
        (DoorAlarm.HELD, DoorAlarm.HELD, True),
        (DoorAlarm.FORCED, DoorAlarm.FORCED, True),
    ],
)
def test_an_alarm_is_told_apart_from_a_warning(
    alarm: DoorAlarm | None, live: DoorAlarm | None, is_alarm: bool
) -> None:
    status = DoorStatus(DoorState.OPEN, "relay", False, alarm=alarm, live_alarm=live)
    said = tree(state_message(TOPICS, status, 9))
    assert said["is_alarm"] is is_alarm
    assert said["alarm"] == (alarm.value if alarm else None)


@pytest.mark.parametrize("is_open", [True, False, None])
def test_a_door_without_a_sensor_is_neither_open_nor_shut(is_open: bool | None) -> None:
    status = DoorStatus(DoorState.LOCKED, "relay", False, inputs=DoorInputs(is_open=is_open))
    assert tree(state_message(TOPICS, status, 9))["is_open"] is is_open


# --- Home Assistant ---------------------------------------------------------------------------


def discovered(**settings: Any) -> dict[str, Any]:
    config = MqttConfig(host="b", **settings)
    return {m.topic: tree(m) for m in discovery_messages(config, TOPICS, "Front door")}


def test_every_part_belongs_to_one_device_and_is_kept() -> None:
    config = MqttConfig(host="b")
    assert all(m.is_retained for m in discovery_messages(config, TOPICS, "Front door"))
    found = discovered()
    assert sorted(topic.split("/")[1] for topic in found) == [
        *["binary_sensor"] * 3,
        *["event", "lock", "sensor"],
    ]
    assert len({each["unique_id"] for each in found.values()}) == 6
    assert {each["device"]["name"] for each in found.values()} == {"Front door"}
    assert {each["availability_topic"] for each in found.values()} == {TOPICS.availability}


def test_home_assistant_learns_every_event_but_duress() -> None:
    found = discovered(discovery_prefix="ha")
    events = found["ha/event/door-kiosk-front-events/config"]
    assert set(events["event_types"]) == {kind.value for kind in EventKind} - {"duress"}
    assert "duress" not in json.dumps(found)


def test_home_assistant_is_given_no_way_to_open() -> None:
    lock = discovered(commands="all")["homeassistant/lock/door-kiosk-front-lock/config"]
    assert lock["command_topic"] != TOPICS.command


def test_discovery_can_be_left_out() -> None:
    assert discovered(discovery=False) == {}


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("door_name", "root"),
    [
        ("Front door", "door-kiosk/front-door"),
        ("Büro 2.OG", "door-kiosk/buro-2-og"),
        ("-/+#-x", "door-kiosk/x"),
        ("x" * 99, "door-kiosk/" + "x" * 40),
    ],
)
def test_topics_are_made_from_the_name(door_name: str, root: str) -> None:
    assert Topics.of(MqttConfig(), door_name).root == root


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"topic": "a/#"}, "topic"),
        ({"topic": ""}, "topic"),
        ({"topic": "/a"}, "topic"),
        ({"topic": "a" * 101}, "topic"),
        ({"discovery_prefix": "a b"}, "discovery_prefix"),
        ({"device_id": "a/b"}, "device_id"),
        ({"device_id": "+"}, "device_id"),
    ],
)
def test_topics_that_cannot_be_are_refused(settings: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[mqtt\] {key}"):
        Topics.of(MqttConfig(**settings), "Front")  # type: ignore[arg-type]


def test_a_name_without_a_letter_needs_an_id() -> None:
    with pytest.raises(ConfigError, match="device_id"):
        Topics.of(MqttConfig(), "大門")
    assert Topics.of(MqttConfig(device_id="gate"), "大門").device_id == "gate"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"key_file": "k"}, "cert_file"),
        ({"ca_file": "c"}, "tls = true"),
        ({"cert_file": "c"}, "tls = true"),
        ({"commands": "all"}, "secret_file"),
        ({"commands": "lockdown"}, "secret_file"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, str], says: str
) -> None:
    config = parse_config({"mqtt": {"host": "broker", **settings}}).mqtt
    with pytest.raises(ConfigError, match=says):
        check_config(config)


def test_without_a_word_nothing_is_sent_and_nothing_obeyed() -> None:
    config = parse_config({}).mqtt
    assert (config.host, config.commands, config.names) == ("", "off", False)
    check_config(config)


# --- secret files -----------------------------------------------------------------------------


def secret(tmp_path: Path, content: str | bytes, mode: int = 0o600) -> str:
    path = tmp_path / "secret"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return str(path)


@pytest.mark.parametrize(
    ("content", "login"),
    [("door\np w\n", ("door", "p w")), ("door", ("door", "")), ("düse\r\nü\r\n", ("düse", "ü"))],
)
def test_a_login_has_two_lines(tmp_path: Path, content: str, login: tuple[str, str]) -> None:
    assert read_login(secret(tmp_path, content)) == login


@pytest.mark.parametrize("content", ["", "\n", "\npassword", "a\nb\nc\n"])
def test_other_logins_are_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigError, match="user name on the first line"):
        read_login(secret(tmp_path, content))


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o644, 0o777])
def test_files_for_everybody_are_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigError, match="chmod o="):
        read_key(secret(tmp_path, "x" * 32, mode))


def test_a_group_may_read_it(tmp_path: Path) -> None:
    assert read_key(secret(tmp_path, "x" * 64 + "\n", 0o640)) == b"x" * 64


@pytest.mark.parametrize(
    ("content", "says"),
    [("x" * 31, "too short"), (b"\xff" * 40, "not text"), ("x" * 70_000, "too large")],
)
def test_secrets_that_are_none_are_refused(tmp_path: Path, content: str | bytes, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        read_key(secret(tmp_path, content))


def test_what_is_no_file_is_refused_and_nobody_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, says in (("none", "cannot be read"), ("pipe", "not a file"), (".", "not a file")):
        with pytest.raises(ConfigError, match=says):
            read_key(str(tmp_path / name))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_key("a\0b")
