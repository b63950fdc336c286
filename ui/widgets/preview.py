"""The live picture, mirrored like a mirror, with what the program sees drawn over it."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.domain import Frame, FrameResult, Pixels
from ui import theme
from ui.theme import Themed
from ui.widgets.icons import paint_icon
from ui.widgets.overlay import FrameMapping, paint_report

STALE_AFTER_NS = 500_000_000


def frame_image(pixels: Pixels) -> QImage:
    """Wrap BGR pixels without copying. The caller keeps ``pixels`` alive and unchanged."""
    height, width = pixels.shape[:2]
    # The stride must be said: rows of odd width are otherwise taken to be padded to 4 bytes.
    return QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888)


class Preview(Themed, QWidget):
    """Show the newest frame; results older than half a second are not drawn."""

    def __init__(
        self,
        *,
        fill: bool = True,
        now_ns: Callable[[], int] = time.monotonic_ns,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._fill = fill
        self._now_ns = now_ns
        self._frame: Frame | None = None
        self._image: QImage | None = None
        self._pixels: Pixels | None = None
        self._result: FrameResult | None = None
        self._overlay_shown = True
        self._border = ""
        self._arrow = ""
        self._dimmed = False
        # Erases the overlay when results stop coming while frames stand still.
        self._stale_timer = QTimer(self)
        self._stale_timer.setSingleShot(True)
        self._stale_timer.setInterval(STALE_AFTER_NS // 1_000_000 + 50)
        self._stale_timer.timeout.connect(self.update)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(640), self.theme.px(480))

    @property
    def overlay_shown(self) -> bool:
        """Whether boxes, landmarks and head pose are drawn."""
        return self._overlay_shown

    @Slot(object)
    def show_frame(self, frame: Frame) -> None:
        """Take the newest frame; painting happens once per refresh of the screen."""
        if not self.isVisible():
            return
        self._frame = frame
        # Non-contiguous rows cannot be wrapped; cameras do not make such frames, crops do.
        pixels = frame.pixels if frame.pixels.flags.c_contiguous else frame.pixels.copy()
        self._image = frame_image(pixels)
        self._pixels = pixels
        self.update()

    @Slot(object)
    def show_result(self, result: FrameResult) -> None:
        """Take the newest result of the recognition."""
        if not self.isVisible():
            return
        self._result = result
        self._stale_timer.start()
        self.update()

    @Slot()
    def clear(self) -> None:
        """Forget the picture: the camera is gone."""
        self._frame = self._image = self._pixels = self._result = None
        self.update()

    @Slot(bool)
    def set_overlay_shown(self, shown: bool) -> None:
        """Turn boxes, landmarks and head pose on or off."""
        self._overlay_shown = shown
        self.update()

    def set_border(self, colour: str) -> None:
        """Frame the picture in the colour of the state; empty for none."""
        if colour != self._border:
            self._border = colour
            self.update()

    def set_arrow(self, icon: str) -> None:
        """Point to the "left" or "right" edge of the picture; empty for none."""
        if icon != self._arrow:
            self._arrow = icon
            self.update()

    def set_dimmed(self, dimmed: bool) -> None:
        """Darken the picture: nothing is being recognised."""
        if dimmed != self._dimmed:
            self._dimmed = dimmed
            self.update()

    def drawn_result(self) -> FrameResult | None:
        """Return the result that is drawn now: the newest, unless it is too old."""
        result = self._result
        if result is None or not self._overlay_shown:
            return None
        if self._now_ns() - result.frame.captured_at_ns > STALE_AFTER_NS:
            return None
        return result

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        area = QRectF(self.rect())
        radius = self.theme.px(24)
        shape = QPainterPath()
        shape.addRoundedRect(area, radius, radius)
        painter.setClipPath(shape)
        painter.fillRect(area, QColor("#05080d"))
        if self._image is None or self._frame is None:
            side = self.theme.px(96)
            square = QRectF(0, 0, side, side)
            square.moveCenter(area.center())
            paint_icon(painter, square, "camera", theme.LINE)
        else:
            self._paint_frame(painter, area)
        if self._arrow:
            self._paint_arrow(painter, area)
        painter.setClipping(False)
        if self._border:
            width = self.theme.px(6)
            painter.setPen(QPen(QColor(self._border), width))
            inset = width / 2
            painter.drawRoundedRect(
                area.adjusted(inset, inset, -inset, -inset), radius - inset, radius - inset
            )
        painter.end()

    def _paint_frame(self, painter: QPainter, area: QRectF) -> None:
        assert self._image is not None
        mapping = self._mapping(self._image.width(), self._image.height(), area)
        painter.save()
        painter.translate(area.width(), 0)
        painter.scale(-1, 1)
        corner = QPointF(mapping.left, mapping.top)
        size = QPointF(self._image.width() * mapping.scale, self._image.height() * mapping.scale)
        painter.drawImage(QRectF(corner, corner + size), self._image)
        painter.restore()
        if self._dimmed:
            painter.fillRect(area, QColor(5, 8, 13, 130))
        result = self.drawn_result()
        if result is not None:
            frame = result.frame
            mapping = self._mapping(frame.width_px, frame.height_px, area)
            paint_report(painter, result.report, mapping, area, self.theme)

    def _paint_arrow(self, painter: QPainter, area: QRectF) -> None:
        side, inset = self.theme.px(132), self.theme.px(28)
        disc = QRectF(0, 0, side, side)
        disc.moveCenter(area.center())
        if self._arrow == "left":
            disc.moveLeft(area.left() + inset)
        else:
            disc.moveRight(area.right() - inset)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(5, 8, 13, 190))
        painter.drawEllipse(disc)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        edge = side * 0.2
        square = disc.adjusted(edge, edge, -edge, -edge)
        paint_icon(painter, square, self._arrow, theme.WARNING)

    def _mapping(self, width_px: int, height_px: int, area: QRectF) -> FrameMapping:
        return FrameMapping.of(width_px, height_px, area, fill=self._fill, mirrored=True)
