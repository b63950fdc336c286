"""How the engine tells the outside world: one view, a handful of facts, no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kiosk.domain import CameraStatus, DoorStatus, Guidance, Phase
from kiosk.enrolment import EnrolmentProgress


@dataclass(frozen=True, slots=True)
class KioskView:
    """The one state the kiosk shows in large type."""

    phase: Phase
    guidance: Guidance | None = None
    person_name: str = ""
    relock_at_ns: int | None = None
    """Monotonic time at which the door locks again, while it is unlocked."""
    faults: tuple[str, ...] = ()
    """Sentences, when OUT_OF_ORDER."""
    warnings: tuple[str, ...] = ()
    hours: str = ""
    """When the person may enter, when DENIED; empty where that cannot be said."""


class Listener(Protocol):
    """Called from the engine's threads; must return at once and never raise."""

    def frame_arrived(self) -> None:
        """The preview mailbox has a new frame."""

    def result_arrived(self) -> None:
        """The results mailbox has a new result."""

    def view_changed(self, view: KioskView) -> None:
        """Another state is to be shown."""

    def door_changed(self, status: DoorStatus) -> None:
        """The door's state changed."""

    def camera_changed(self, status: CameraStatus) -> None:
        """The camera's state changed."""

    def enrolment_changed(self, progress: EnrolmentProgress) -> None:
        """The guided capture moved on."""


class SilentListener:
    """A listener for runs without a screen."""

    def frame_arrived(self) -> None: ...

    def result_arrived(self) -> None: ...

    def view_changed(self, view: KioskView) -> None: ...

    def door_changed(self, status: DoorStatus) -> None: ...

    def camera_changed(self, status: CameraStatus) -> None: ...

    def enrolment_changed(self, progress: EnrolmentProgress) -> None: ...
