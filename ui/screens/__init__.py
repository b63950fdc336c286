"""One full-window page per file; each has ``enter`` and ``leave``."""
