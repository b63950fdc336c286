"""How the engine tells the outside world: one view, a handful of facts, no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from kiosk.domain import CameraStatus, DenialReason, DoorStatus, Guidance, Phase
from kiosk.enrolment import EnrolmentProgress


@dataclass(frozen=True, slots=True)
class PinPrompt:
    """How it stands with the PIN asked for at the door."""

    is_checking: bool = False
    """A PIN is being compared; the next may be typed when it was wrong."""
    is_right: bool = False
    """It was right, and the face is waited for."""
    answers: int = 0
    """PINs compared so far; while none is right, that many were wrong."""
    attempts_left: int = 0
    """Tries before entry is locked; 0 where the next wrong one locks it."""
    is_scheduled: bool = False
    """Everybody is asked at this time, not just people who look alike."""


@dataclass(frozen=True, slots=True)
class NumberPrompt:
    """How it stands with a number and a PIN typed without a face."""

    is_checking: bool = False
    """They are being compared; the next may be typed when they were wrong."""
    is_right: bool = False
    """They were right, and the face that belongs to them is waited for."""
    answers: int = 0
    """Wrong ones so far, of whoever types now."""
    attempts_left: int = 0
    """Tries with this number before it is locked; 0 where the next wrong one locks it."""


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
    denial: DenialReason = DenialReason.HOURS
    """Why, when DENIED."""
    wait_s: float = 0.0
    """How long no PIN is looked at, when DENIED for wrong ones."""
    pin: PinPrompt | None = None
    """When PIN."""
    offers_keypad: bool = False
    """Whether somebody may enter with number and PIN alone at this time."""
    number_prompt: NumberPrompt | None = None
    """In any phase but OUT_OF_ORDER, while what was typed there is looked at or was wrong."""
    answer_by_ns: int | None = None
    """Monotonic time until which the second person is waited for, when SECOND."""
    clock_ok: bool = True
    """False while nobody knows the time, and rights that depend on it are refused."""


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

    def alarms_changed(self) -> None:
        """An alarm was raised or acknowledged."""


class SilentListener:
    """A listener for runs without a screen."""

    def frame_arrived(self) -> None: ...

    def result_arrived(self) -> None: ...

    def view_changed(self, view: KioskView) -> None: ...

    def door_changed(self, status: DoorStatus) -> None: ...

    def camera_changed(self, status: CameraStatus) -> None: ...

    def enrolment_changed(self, progress: EnrolmentProgress) -> None: ...

    def alarms_changed(self) -> None: ...
