"""What a person may be called, and how a search finds them."""

from __future__ import annotations

import unicodedata

from kiosk.errors import EnrolmentError

MAX_LENGTH = 100
"""Longest name or number, characters."""

# Direction overrides let one name look like another; line and paragraph separators break lists.
_FORBIDDEN = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Characters without a glyph that Unicode counts among letters, marks and symbols, not as Cf.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")

_JOINERS = frozenset("\u200c\u200d")

# Letters of Cyrillic and Greek that cannot be told from Latin ones, and those Latin ones.
_LOOKS = str.maketrans(
    "АВЕЅІЈКМНОРСТУХҮԌаеѕіјкорсухһԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικονρυχγ",
    "ABESIJKMHOPCTYXYGaesijkopcyxhdqwABEZHIKMNOPTYXaikovpuxy",
)


def clean_name(text: str) -> str:
    """Return a person's name, trimmed, in composed form and without invisible characters.

    Raises EnrolmentError.
    """
    name = _clean(text, "name")
    if not name:
        raise EnrolmentError("Please enter a name.")
    return name


def clean_number(text: str) -> str:
    """Return a badge or staff number, cleaned like a name; empty: none. Raises EnrolmentError."""
    return _clean(text, "number")


def searchable(text: str) -> str:
    """Fold case, width and composition, so that ``ÅSA`` finds ``åsa`` however it is encoded."""
    # Folding can undo composition, hence once more.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def look(text: str) -> str:
    """Return the same for names that a reader cannot tell apart; nothing to show to anybody.

    Beside what :func:`searchable` folds: letters of other scripts that look Latin, invisible
    characters and variants of glyphs, and how wide a gap is. The table is one of frequent cases,
    so names may look alike all the same.
    """
    shown = "".join(c for c in unicodedata.normalize("NFKD", text) if not _is_unseen(c))
    return searchable(" ".join(shown.translate(_LOOKS).split()))


def _is_invisible(character: str) -> bool:
    return character in _BLANK or unicodedata.category(character) == "Cf"


def _is_unseen(character: str) -> bool:
    is_variant = "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
    return is_variant or _is_invisible(character)


def _without_idle_joiners(text: str) -> str:
    """Keep joiners where they shape what is seen: in scripts without case, and in emoji."""
    around = ["", *text, ""]
    return "".join(
        c
        for before, c, after in zip(around, text, around[2:], strict=False)
        if c not in _JOINERS or (_is_shaped(before) and _is_shaped(after))
    )


def _is_shaped(character: str) -> bool:
    return bool(character) and unicodedata.category(character) in ("Lo", "Mn", "Mc", "So", "Sk")


def _clean(text: str, what: str) -> str:
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in _FORBIDDEN for c in text):
        raise EnrolmentError(
            f"The {what} contains a character that cannot be shown, such as a line break. "
            "Please type it again."
        )
    # Taken off rather than refused: they come along when a name is copied, and nobody sees them.
    seen = "".join(c for c in text if c in _JOINERS or not _is_invisible(c))
    cleaned = unicodedata.normalize("NFC", _without_idle_joiners(seen)).strip()
    if len(cleaned) > MAX_LENGTH:
        raise EnrolmentError(
            f"The {what} has {len(cleaned)} characters; {MAX_LENGTH} are possible. "
            "Please shorten it."
        )
    return cleaned
