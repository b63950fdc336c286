"""Where on the broker everything is, see ``packaging/mqtt/README.md``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from kiosk.config import MqttConfig
from kiosk.errors import ConfigError

_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PREFIX = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_MAX_PREFIX = 100


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one door."""

    root: str
    """``door-kiosk/front-door``"""
    device_id: str

    @classmethod
    def of(cls, config: MqttConfig, door_name: str) -> Topics:
        """Return the topics a door has by its settings. Raises ConfigError."""
        for key, prefix in (("topic", config.topic), ("discovery_prefix", config.discovery_prefix)):
            if len(prefix) > _MAX_PREFIX or not _PREFIX.fullmatch(prefix):
                raise ConfigError(
                    f"[mqtt] {key} is made of letters, digits, - and _, parted by /, "
                    f"not {prefix!r}."
                )
        device_id = config.device_id or _slug(door_name)
        if not _ID.fullmatch(device_id):
            raise ConfigError(
                "[mqtt] device_id is made of 1 to 40 letters, digits, - and _, "
                f"not {device_id!r}; give one where the door's name holds none."
            )
        return cls(f"{config.topic}/{device_id}", device_id)

    @property
    def availability(self) -> str:
        return f"{self.root}/availability"

    @property
    def state(self) -> str:
        return f"{self.root}/state"

    @property
    def event(self) -> str:
        return f"{self.root}/event"

    @property
    def duress(self) -> str:
        return f"{self.root}/duress"

    @property
    def command(self) -> str:
        return f"{self.root}/command"

    @property
    def result(self) -> str:
        return f"{self.root}/result"


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:40]
