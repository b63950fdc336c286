"""The texts that only a demonstration shows."""

from __future__ import annotations

BANNER = "Demonstration: these networks know simulated people only. No door is driven."
NEXT = "Next"
NEXT_KEY = "N"
ALL_AS_TOLD = "as told"
NOT_AS_TOLD = "not as told"


def banner_pin(pin: str) -> str:
    """Tell the PIN of the administration."""
    return f"Administration: PIN {pin}"


def place(chapter: int, chapters: int) -> str:
    """Say where in the story this is; nothing outside it."""
    return f"{chapter} / {chapters}" if chapter else ""


def cue(key: str, label: str) -> str:
    """Label the button that sends somebody in."""
    return f"{key} · {label}"


def chapter_line(chapter: int, chapters: int, title: str, text: str) -> str:
    """Say in one line of plain text what is shown now."""
    where = f"[{chapter}/{chapters}] " if chapter else ""
    return f"== {where}{title}: {text}"


def outcome_line(title: str, as_told: bool, shown: tuple[str, ...]) -> str:
    """Say what a chapter came to."""
    verdict = ALL_AS_TOLD if as_told else NOT_AS_TOLD
    return f"{verdict}: {title}" + ("" if as_told else f" ({', '.join(shown) or 'nothing shown'})")


def summary(told: int, played: int, chapters: int) -> str:
    """Say how the story went."""
    if played < chapters:
        return f"The story ended early: {played} of {chapters} chapters played, {told} as told."
    return f"{told} of {chapters} chapters as told."
