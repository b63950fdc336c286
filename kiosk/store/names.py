"""What a person may be called, and how a search finds them."""

from __future__ import annotations

import unicodedata

from kiosk.errors import EnrolmentError

MAX_LENGTH = 100
"""Longest name or number, characters."""

# Direction overrides let one name look like another; line and paragraph separators break lists.
_FORBIDDEN = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_name(text: str) -> str:
    """Return a person's name, trimmed and in composed form. Raises EnrolmentError."""
    name = _clean(text, "name")
    if not name:
        raise EnrolmentError("Please enter a name.")
    return name


def clean_number(text: str) -> str:
    """Return a badge or staff number, trimmed; empty means none. Raises EnrolmentError."""
    return _clean(text, "number")


def searchable(text: str) -> str:
    """Fold case, width and composition, so that ``ÅSA`` finds ``åsa`` however it is encoded."""
    # Folding can undo composition, hence once more.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _clean(text: str, what: str) -> str:
    if any(unicodedata.category(c) in ("Cc", "Cs") or c in _FORBIDDEN for c in text):
        raise EnrolmentError(
            f"The {what} contains a character that cannot be shown, such as a line break. "
            "Please type it again."
        )
    cleaned = unicodedata.normalize("NFC", text).strip()
    if len(cleaned) > MAX_LENGTH:
        raise EnrolmentError(
            f"The {what} has {len(cleaned)} characters; {MAX_LENGTH} are possible. "
            "Please shorten it."
        )
    return cleaned
