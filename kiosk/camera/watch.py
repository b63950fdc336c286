"""Whether pictures come and are what they seem: faults told by a camera and by its pictures."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.camera.authenticity import Authenticity, SensorRules, Suspicion
from kiosk.domain import CameraState, CameraStatus, EventKind, Frame

_STALLED_NS = 3_000_000_000
_SAME_SUSPICION_NS = 60_000_000_000

Tell = Callable[[str | None], None]
"""Told what is wrong, and None when nothing is (any more)."""

SENTENCES = {
    Suspicion.VIRTUAL: "{name} is a virtual camera, into which any program can feed pictures. "
    "Choose a real camera, or set allow_virtual = true in the section [camera] of the settings.",
    Suspicion.BLACK: "The picture of {name} is black. Uncover its lens or switch on the light.",
    Suspicion.FROZEN: "{name} delivers the same picture all the time. Plug it in again.",
    Suspicion.LOOPED: "{name} shows the same scene over and over, like a recording. Check what is "
    "connected in its place.",
}


class CameraWatch:
    """Follows one camera.

    :meth:`changed` and :meth:`seen` belong to the camera's thread, :meth:`look` to another one.
    """

    def __init__(
        self,
        lost: Tell,
        stalled: Tell,
        record: Callable[[EventKind, str], object],
        suspected: Callable[[Suspicion, str | None], None] = lambda suspicion, sentence: None,
        rules: SensorRules | None = None,
        is_virtual: Callable[[], bool] = lambda: False,
    ) -> None:
        """``suspected`` is told what is wrong with the pictures, and with None that it is over.

        Pictures are judged by ``rules``; without any, the camera is none that could be replaced by
        a recording, for it is one itself.
        """
        self._lost = lost
        self._stalled = stalled
        self._record = record
        self._suspected = suspected
        self._authenticity = None if rules is None else Authenticity(rules)
        self._is_virtual = is_virtual
        self._suspicion: Suspicion | None = None
        self._recorded_ns: dict[Suspicion, int] = {}
        self.status: CameraStatus | None = None
        """The newest status."""

    def changed(self, status: CameraStatus) -> None:
        """Take a new status."""
        before, self.status = self.status, status
        was_lost = before is not None and before.state is CameraState.LOST
        if status.state is CameraState.LOST:
            self._lost(status.message)
            self._stalled(None)
            self._suspect(None, 0)
            if self._authenticity is not None:
                self._authenticity.restart()
            if not was_lost:
                self._record(EventKind.CAMERA_LOST, status.message)
        elif status.state is CameraState.STREAMING:
            self._lost(None)
            if was_lost:
                self._record(EventKind.CAMERA_BACK, "")

    def seen(self, frame: Frame) -> bool:
        """Judge a frame; False when it only repeats the one before, and so is no new evidence."""
        if self._authenticity is None:
            return True
        suspicion = self._authenticity.judge(frame.pixels, frame.captured_at_ns)
        if self._is_virtual():
            suspicion = Suspicion.VIRTUAL
        self._suspect(suspicion, frame.captured_at_ns)
        return self._authenticity.is_new

    def look(self, age_ns: int) -> None:
        """Notice a camera that claims to stream and delivered its last picture ``age_ns`` ago."""
        status = self.status
        if status is None or status.state is not CameraState.STREAMING:
            return
        is_stalled = age_ns > _STALLED_NS
        self._stalled(f"{status.source} has stopped delivering pictures." if is_stalled else None)

    def _suspect(self, suspicion: Suspicion | None, at_ns: int) -> None:
        before, self._suspicion = self._suspicion, suspicion
        if suspicion is before:
            return
        if suspicion is not None:
            name = "the camera" if self.status is None else self.status.source
            sentence = SENTENCES[suspicion].format(name=name)
            # First the new fault: between two of them the door must not be in order.
            self._suspected(suspicion, sentence)
            recorded_ns = self._recorded_ns.get(suspicion)
            # Somebody who waves a hand before the lens must not fill the log.
            if recorded_ns is None or at_ns - recorded_ns > _SAME_SUSPICION_NS:
                self._recorded_ns[suspicion] = at_ns
                self._record(EventKind.FAULT, sentence)
        if before is not None:
            self._suspected(before, None)
