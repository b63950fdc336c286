"""Whether pictures come: faults from the camera's own words, and from its silence."""

from __future__ import annotations

from collections.abc import Callable

from kiosk.domain import CameraState, CameraStatus, EventKind

_STALLED_NS = 3_000_000_000

Tell = Callable[[str | None], None]
"""Told what is wrong, and None when nothing is (any more)."""


class CameraWatch:
    """Follows one camera; :meth:`changed` and :meth:`look` may be called from different threads."""

    def __init__(
        self, lost: Tell, stalled: Tell, record: Callable[[EventKind, str], object]
    ) -> None:
        self._lost = lost
        self._stalled = stalled
        self._record = record
        self.status: CameraStatus | None = None
        """The newest status."""

    def changed(self, status: CameraStatus) -> None:
        """Take a new status."""
        before, self.status = self.status, status
        was_lost = before is not None and before.state is CameraState.LOST
        if status.state is CameraState.LOST:
            self._lost(status.message)
            self._stalled(None)
            if not was_lost:
                self._record(EventKind.CAMERA_LOST, status.message)
        elif status.state is CameraState.STREAMING:
            self._lost(None)
            if was_lost:
                self._record(EventKind.CAMERA_BACK, "")

    def look(self, age_ns: int) -> None:
        """Notice a camera that claims to stream and delivered its last picture ``age_ns`` ago."""
        status = self.status
        if status is None or status.state is not CameraState.STREAMING:
            return
        is_stalled = age_ns > _STALLED_NS
        self._stalled(f"{status.source} has stopped delivering pictures." if is_stalled else None)
