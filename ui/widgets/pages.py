"""A stack of pages of which only the shown one counts."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QStackedWidget


class Pages(QStackedWidget):
    """Unlike its base, not widened by pages that are hidden and not yet arranged."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)
