"""Faults of the world, typed. Each message is a sentence for a person and says what to do.

Anything that is not a :class:`KioskError` is a bug: it is logged and ends the program, which the
service manager restarts with the door locked.
"""

from __future__ import annotations


class KioskError(Exception):
    """Something outside the program is wrong; ``str(error)`` may be shown to people."""


class ConfigError(KioskError):
    """A setting or a command-line value cannot be used."""


class CameraError(KioskError):
    """The camera cannot be opened, or stopped delivering frames."""


class ImageError(KioskError):
    """An image file is missing, empty, damaged or unreasonably large."""


class ModelError(KioskError):
    """A network is missing, has the wrong bytes, or fails its self-test."""


class RelayError(KioskError):
    """The relay cannot be reached or does not do what it was told."""


class GuardError(RelayError):
    """The process that guards the relay ended, hangs, or has locked the door by itself."""


class StoreError(KioskError):
    """The database cannot be opened, read or written."""


class NewerDatabaseError(StoreError):
    """The database was written by a newer version of the program."""


class DataFolderBusyError(KioskError):
    """Another copy of the program is using the data folder."""


class ExportError(KioskError):
    """The access log could not be written to its target."""


class EnrolmentError(KioskError):
    """A person or photograph cannot be enrolled as asked."""


class AccessError(KioskError):
    """A rule about who may enter when cannot be understood."""


class UsedUpError(AccessError):
    """Somebody has no entry left."""

    def __init__(self, person_id: int) -> None:
        super().__init__("Every entry of this pass has been used. Give them new ones.")
        self.person_id = person_id


class RightsChangedError(AccessError):
    """What was decided rests on rights that have changed meanwhile."""


class SignalsError(KioskError):
    """The MQTT broker cannot be reached, or does not take what it is sent."""


class PinError(KioskError):
    """A PIN is not acceptable, wrong, or entry is locked for now."""
