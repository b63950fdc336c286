"""Says what is shown, and checks that the engine came to what the story tells.

The engine's views pass through on their way to the screen; the narrator changes none of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from kiosk.demo.story import Chapter, Pick
from kiosk.domain import Phase
from kiosk.listener import KioskView
from kiosk.simulator.visits import visit
from kiosk.simulator.visits_script import Performance

_PRELUDE_S = 0.3


@dataclass(frozen=True, slots=True)
class Caption:
    """What the strip on the screen says."""

    title: str
    text: str
    chapter: int = 0
    """1 for the first chapter of the story; 0 for what is no part of it."""
    chapters: int = 0
    name: str = ""
    """The chapter's, for file names."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a chapter came to."""

    chapter: Chapter
    as_told: bool
    shown: tuple[str, ...]
    """The states the kiosk showed meanwhile, in words."""


class Audience(Protocol):
    """Told by any thread; must return at once."""

    def caption_changed(self, caption: Caption) -> None:
        """Something else is shown."""

    def chapter_fulfilled(self, chapter: Chapter) -> None:
        """The kiosk has just come to all that the chapter tells."""

    def story_ended(self, outcomes: tuple[Outcome, ...]) -> None:
        """The last chapter is over."""


class Nobody:
    """An audience that does not listen."""

    def caption_changed(self, caption: Caption) -> None: ...

    def chapter_fulfilled(self, chapter: Chapter) -> None: ...

    def story_ended(self, outcomes: tuple[Outcome, ...]) -> None: ...


class Narrator:
    """Follows the script on one side and the engine on the other; thread-safe."""

    def __init__(self, chapters: Sequence[Chapter], picks: Sequence[Pick], waiting: Caption):
        """``waiting`` is said when the story is over and nobody has been sent in."""
        self._chapters = tuple(chapters)
        self._captions: list[tuple[object, Caption]] = [
            (pick.visit, Caption(pick.label, pick.caption)) for pick in picks
        ]
        self._waiting = waiting
        self._audience: Audience = Nobody()
        self._lock = threading.RLock()
        self._outcomes: list[Outcome] = []
        self._chapter: Chapter | None = None
        self._missing: list[int] = []
        self._shown: list[str] = []
        self._named: set[str] = set()
        self._view: KioskView | None = None
        self._begun = 0
        self._ended = False
        self._ready = False
        self.caption = Caption("", "")

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What the chapters played so far came to."""
        with self._lock:
            return tuple(self._outcomes)

    @property
    def has_ended(self) -> bool:
        """Whether the story is over."""
        with self._lock:
            return self._ended

    def attend(self, audience: Audience) -> None:
        """Tell this audience from now on."""
        self._audience = audience

    def programme(self) -> Iterator[Performance]:
        """Yield the story for a script, once through, and nothing before the kiosk is ready."""
        prelude = replace(visit("empty"), seconds=_PRELUDE_S)
        while not self._ready:
            yield prelude
        for chapter in self._chapters:
            yield chapter.visit

    def say(self, caption: Caption) -> None:
        """Say something that is no part of the story."""
        with self._lock:
            if caption == self.caption:
                return
            self.caption = caption
        self._audience.caption_changed(caption)

    def begin(self, performance: Performance) -> None:
        """Hear from the script what is played from now on."""
        with self._lock:
            if not self._ready:
                return
            self._close_chapter()
            chapter = next((c for c in self._chapters if c.visit is performance), None)
            fulfilled = False
            if chapter is not None and chapter is self._expected_chapter():
                self._begun += 1
                fulfilled = self._open_chapter(chapter)
            over = not self._ended and chapter is None and self._begun == len(self._chapters)
            self._ended = self._ended or over
            outcomes = tuple(self._outcomes)
        self.say(self._caption_of(performance, chapter))
        if fulfilled and chapter is not None:
            self._audience.chapter_fulfilled(chapter)
        if over:
            self._audience.story_ended(outcomes)

    def saw(self, view: KioskView) -> None:
        """Hear from the engine what the kiosk shows now."""
        with self._lock:
            before, self._view = self._view, view
            self._ready = self._ready or view.phase is Phase.IDLE
            chapter = self._chapter
            if chapter is None or (before is not None and _says_the_same(before, view)):
                return
            self._shown.append(_words(view))
            if view.phase in (Phase.WELCOME, Phase.DENIED):
                self._named.add(view.person_name)
            if not self._look_for_next(view):
                return
        self._audience.chapter_fulfilled(chapter)

    def _look_for_next(self, view: KioskView) -> bool:
        """Tick off what was expected next; True when it was the last of the chapter."""
        assert self._chapter is not None
        if not self._missing or not self._chapter.expected[self._missing[0]].is_seen_in(view):
            return False
        self._missing.pop(0)
        return not self._missing

    def _expected_chapter(self) -> Chapter | None:
        return self._chapters[self._begun] if self._begun < len(self._chapters) else None

    def _open_chapter(self, chapter: Chapter) -> bool:
        """Begin to judge; True when all that was expected is shown already."""
        self._chapter = chapter
        self._missing = list(range(len(chapter.expected)))
        self._shown, self._named = [], set()
        view = self._view
        # A kiosk that is idle already says nothing new; what else it shows belongs to before.
        if view is not None and view.phase is Phase.IDLE:
            self._shown.append(_words(view))
            return self._look_for_next(view)
        return False

    def _close_chapter(self) -> None:
        chapter, self._chapter = self._chapter, None
        if chapter is not None:
            as_told = not self._missing and self._named <= chapter.people
            self._outcomes.append(Outcome(chapter, as_told, tuple(self._shown)))

    def _caption_of(self, performance: Performance, chapter: Chapter | None) -> Caption:
        if chapter is not None:
            number = self._chapters.index(chapter) + 1
            return Caption(
                chapter.title, chapter.caption, number, len(self._chapters), chapter.name
            )
        for known, caption in self._captions:
            if known is performance:
                return caption
        if performance.seconds == float("inf"):
            return Caption("Enrolment", performance.title)
        return self._waiting


def _says_the_same(before: KioskView, view: KioskView) -> bool:
    return (before.phase, before.guidance, before.person_name) == (
        view.phase,
        view.guidance,
        view.person_name,
    )


def _words(view: KioskView) -> str:
    """Name a state for a report."""
    parts = [view.phase.value, view.guidance.value if view.guidance else "", view.person_name]
    return " ".join(part for part in parts if part).replace("_", " ")
