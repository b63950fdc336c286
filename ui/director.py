"""Between the demonstration and the screens: captions come in, visitors are sent out.

The demonstration tells of captions in the camera's and the engine's threads; here they become Qt
signals on the GUI thread, as :mod:`ui.bridge` does with the engine's news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot

from ui import demotexts

if TYPE_CHECKING:
    # The simulator is loaded only when a demonstration is wanted.
    from kiosk.demo.demonstration import Demonstration
    from kiosk.demo.narrator import Caption, Outcome
    from kiosk.demo.story import Chapter


class DemoDirector(QObject):
    """An audience for the demonstration, and the way to its actors."""

    # On the GUI thread. Caption: what is shown now.
    caption_shown = Signal(object)
    # Chapter: the kiosk has come to what it tells.
    fulfilled = Signal(object)
    # A tuple of Outcome: the story is over.
    ended = Signal(object)

    # From other threads to this object.
    _caption_came = Signal(object)
    _fulfilment_came = Signal(object)
    _end_came = Signal(object)

    def __init__(self, demonstration: Demonstration, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._demonstration = demonstration
        self.pin = demonstration.pin
        self.cues = (
            (demotexts.NEXT_KEY, demotexts.NEXT),
            *((pick.key, pick.label) for pick in demonstration.picks),
        )
        self.caption = demonstration.narrator.caption
        queued = Qt.ConnectionType.QueuedConnection
        self._caption_came.connect(self._keep_caption, queued)
        self._fulfilment_came.connect(self.fulfilled, queued)
        self._end_came.connect(self.ended, queued)
        demonstration.narrator.attend(self)

    def cue(self, key: str) -> bool:
        """Send in whom a key stands for; False when it stands for nobody."""
        if key.upper() == demotexts.NEXT_KEY:
            self._demonstration.next_visitor()
            return True
        return self._demonstration.send_in(key)

    # --- Audience: other threads ------------------------------------------------------------------

    def caption_changed(self, caption: Caption) -> None:
        self._caption_came.emit(caption)

    def chapter_fulfilled(self, chapter: Chapter) -> None:
        self._fulfilment_came.emit(chapter)

    def story_ended(self, outcomes: tuple[Outcome, ...]) -> None:
        self._end_came.emit(outcomes)

    # --- the GUI thread ---------------------------------------------------------------------------

    @Slot(object)
    def _keep_caption(self, caption: Caption) -> None:
        self.caption = caption
        self.caption_shown.emit(caption)
