"""What the README tells people to write is understood by the program."""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path

import pytest

from kiosk.config import AccessConfig, Config, DoorConfig, KioskConfig, MqttConfig, parse_config
from kiosk.door.drivers import parse_relay
from kiosk.rightscsv import COLUMNS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def settings() -> dict[str, dict[str, object]]:
    (block,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    return tomllib.loads(block)


def test_the_settings_are_the_defaults() -> None:
    told = parse_config(settings())
    assert told.kiosk == KioskConfig(door_name="Main entrance")
    assert dataclasses.replace(told, kiosk=KioskConfig()) == Config()


@pytest.mark.parametrize(
    ("section", "kind"), [("door", DoorConfig), ("access", AccessConfig), ("mqtt", MqttConfig)]
)
def test_every_setting_of_the_door_is_told(section: str, kind: type) -> None:
    assert set(settings()[section]) == {field.name for field in dataclasses.fields(kind)}


def test_every_relay_of_the_table_is_understood() -> None:
    urls = re.findall(r"^\| `(\w+:(?:PORT[^`]*)?)` \|", README, re.MULTILINE)
    assert len(urls) == 10
    for url in urls:
        assert parse_relay(url.replace("PORT", "/dev/door-relay")).description


def test_every_column_of_a_list_is_told() -> None:
    table = README[README.index("| column | in it |") : README.index("### For an installer")]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert re.findall(r"`(\w+)`", " ".join(cells)) == list(COLUMNS)
