"""A run that nobody watches: each change of state as a line, and two screenshots."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QPixmap

from kiosk.domain import (
    CameraState,
    CameraStatus,
    DenialReason,
    DoorAlarm,
    DoorState,
    DoorStatus,
    Phase,
)
from kiosk.errors import StoreError
from kiosk.listener import NumberPrompt
from ui import texts
from ui.bridge import EngineBridge
from ui.window import KioskWindow

if TYPE_CHECKING:
    from kiosk.listener import KioskView

PrintLine = Callable[[str], None]

SETTLE_MS = 1500
"""After the last picture: results may still be on their way."""

PAINT_MS = 250
"""After a change of state: until the picture beside it shows the same moment."""

_INTEREST = (
    Phase.STARTING,
    Phase.IDLE,
    Phase.OUT_OF_ORDER,
    Phase.GUIDANCE,
    Phase.CHECKING,
    Phase.NOT_RECOGNISED,
    Phase.PIN,
    Phase.SECOND,
    Phase.DENIED,
    Phase.WELCOME,
)


def print_at_once(line: str) -> None:
    """Print a line and let it out. Raises BrokenPipeError when nobody can read it any more."""
    try:
        print(line, flush=True)
    except OSError as error:
        # A terminal that was closed answers EIO where a pipe answers EPIPE.
        if error.errno not in (errno.EPIPE, errno.EIO):
            raise
        _forget_stdout()
        raise BrokenPipeError(errno.EPIPE, "nobody reads the output any more") from error


def _forget_stdout() -> None:
    """Let what is still buffered vanish, or the interpreter complains of it at its exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        # Not a real stdout; it has nothing to complain of.
        pass


def view_line(view: KioskView) -> str:
    """Describe a state in one line of plain text."""
    words = str(view.phase.value).replace("_", " ")
    if view.phase is Phase.WELCOME:
        words = f"{words} {view.person_name}".rstrip()
    elif view.phase is Phase.DENIED and view.denial is not DenialReason.HOURS:
        words = f"{words}: {texts.denied(view.denial, view.wait_s).headline.lower()}"
    elif view.phase is Phase.DENIED:
        words = f"{words} {view.person_name} ({view.hours or 'ask for help'})"
    elif view.phase is Phase.SECOND:
        words = f"{view.person_name or 'somebody'} waits for a second person"
    elif view.phase is Phase.GUIDANCE and view.guidance is not None:
        words = f"{words}: {texts.GUIDANCE[view.guidance].headline.lower()}"
    elif view.faults:
        words = f"{words}: {' '.join(view.faults)}"
    return words


def number_line(prompt: NumberPrompt | None) -> str:
    """Describe how it stands with a number and a PIN typed without a face; empty: there is none."""
    if prompt is None:
        return ""
    if prompt.is_right:
        return "number and PIN are right: a face has to follow"
    return "number and PIN are being checked" if prompt.is_checking else "number or PIN is wrong"


def door_line(status: DoorStatus, before: DoorStatus | None, now_ns: int) -> str:
    """Describe a change of the door in one line of plain text; empty: nothing worth a line."""
    if status.state is DoorState.FAULT:
        return f"door fault: {status.message}"
    was = DoorState.LOCKED if before is None else before.state
    if status.alarm is DoorAlarm.HELD_SOON and (before is None or before.alarm is None):
        return "door open for long: please close it"
    if status.state is was or (status.state is DoorState.LOCKED and was is DoorState.FAULT):
        return ""
    if status.state is DoorState.UNLOCKED:
        left_s = ((status.relock_at_ns or 0) - now_ns) / 1e9
        return texts.door_opens_for(max(left_s, 0.0))
    return _DOOR_LINES[status.state]


_DOOR_LINES = {
    DoorState.LOCKED: "door locked",
    DoorState.OPEN: "door open",
    DoorState.HELD: "door open too long: alarm",
    DoorState.FORCED: "door forced: alarm",
    DoorState.FREE_ACCESS: "door open for everybody",
    DoorState.LOCKDOWN: "lockdown: nobody is let in",
}


class Reporter(QObject):
    """Prints what the window shows, and keeps pictures of it."""

    # The camera has ended and nothing more is to be expected, or nobody reads the lines any more.
    finished = Signal()

    def __init__(
        self,
        bridge: EngineBridge,
        window: KioskWindow,
        print_line: PrintLine,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._print_line = print_line
        self._now_ns = now_ns
        self._started_ns = now_ns()
        self._unread = False
        self._said: tuple[object, ...] = ()
        self._phase = Phase.STARTING
        self._door: DoorStatus | None = None
        self._clock_ok = True
        self._number: NumberPrompt | None = None
        self._best: tuple[Phase, QPixmap] | None = None
        self._end: QPixmap | None = None
        self._warnings: tuple[str, ...] = ()
        self._paint_timer = self._single_shot(PAINT_MS, self._grab_state)
        self._settle_timer = self._single_shot(SETTLE_MS, self.finished.emit)
        bridge.view_shown.connect(self._tell_view)
        bridge.door_shown.connect(self._tell_door)
        bridge.camera_shown.connect(self._tell_camera)

    def _single_shot(self, after_ms: int, slot: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(slot)
        return timer

    def _say(self, words: str) -> None:
        self._print(f"{(self._now_ns() - self._started_ns) / 1e9:6.1f} s  {words}")

    def _print(self, line: str) -> None:
        if self._unread:
            return
        try:
            self._print_line(line)
        except BrokenPipeError:
            # ``... | head -4`` has its four lines: a wish to stop, not a bug.
            self._unread = True
            self.finished.emit()

    @Slot(object)
    def _tell_view(self, view: KioskView) -> None:
        for warning in view.warnings:
            if warning not in self._warnings:
                self._say(f"warning: {warning}")
        self._warnings = view.warnings
        if view.clock_ok is not self._clock_ok:
            self._clock_ok = view.clock_ok
            self._say("the time is known" if view.clock_ok else "warning: the time is not known")
        self._tell_number(view.number_prompt)
        said = (view.phase, view.guidance, view.person_name, view.faults)
        if said == self._said:
            return
        self._said = said
        self._phase = view.phase
        self._say(view_line(view))
        self._grab_state()
        self._paint_timer.start()

    def _tell_number(self, prompt: NumberPrompt | None) -> None:
        if prompt != self._number and number_line(prompt):
            self._say(number_line(prompt))
        self._number = prompt

    @Slot(object)
    def _tell_door(self, status: DoorStatus) -> None:
        line = door_line(status, self._door, self._now_ns())
        self._door = status
        if line:
            self._say(line)

    @Slot(object)
    def _tell_camera(self, status: CameraStatus) -> None:
        if status.state is CameraState.ENDED:
            self._say("the pictures have ended")
            self._settle_timer.start()
        elif status.state is CameraState.LOST:
            self._say(f"camera lost: {status.message}")

    @Slot()
    def _grab_state(self) -> None:
        """Keep a picture of this state unless a more interesting one is kept already."""
        best = _INTEREST.index(self._best[0]) if self._best is not None else -1
        if _INTEREST.index(self._phase) >= best:
            self._best = (self._phase, self._window.grab())

    def grab_end(self) -> None:
        """Keep a picture of the end, while the window is still there."""
        self._paint_timer.stop()
        self._settle_timer.stop()
        self._end = self._window.grab()

    def save(self, folder: Path) -> list[Path]:
        """Write the pictures, print where they are, and return the paths. Raises StoreError."""
        pictures = {"end": self._end}
        if self._best is not None:
            pictures = {self._best[0].value: self._best[1], **pictures}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"Cannot create the folder for screenshots {folder}: {error.strerror}."
            ) from error
        paths = []
        for name, picture in pictures.items():
            path = folder / f"kiosk-{name}.png"
            if picture is None:
                continue
            if not picture.save(str(path)):
                raise StoreError(f"Cannot write the screenshot {path}. Check the disk.")
            self._print(f"screenshot: {path}")
            paths.append(path)
        return paths
