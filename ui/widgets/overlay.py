"""What the program sees, drawn over the preview: boxes, landmarks, head pose.

Positions are computed in mirrored window coordinates instead of mirroring the painter, so the
numbers stay readable.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from kiosk.domain import Box, Detection, FaceReport, HeadPose
from kiosk.vision.head_pose import rotation_matrix
from ui import texts, theme
from ui.theme import Theme

AXIS_COLOURS = ("#ff6b6b", "#5fe08f", "#6cb2ff")
"""Of the axes to the face's right in the picture, up, and out of the face."""


@dataclass(frozen=True, slots=True)
class FrameMapping:
    """From frame pixels to widget coordinates: scaled, centred, mirrored."""

    scale: float
    left: float
    top: float
    frame_width_px: int
    mirrored: bool

    @classmethod
    def of(
        cls, frame_width_px: int, frame_height_px: int, area: QRectF, *, fill: bool, mirrored: bool
    ) -> FrameMapping:
        """Fit a frame into ``area``, or fill the area and let the frame reach beyond it."""
        choose = max if fill else min
        scale = choose(area.width() / frame_width_px, area.height() / frame_height_px)
        left = area.left() + (area.width() - frame_width_px * scale) / 2
        top = area.top() + (area.height() - frame_height_px * scale) / 2
        return cls(scale, left, top, frame_width_px, mirrored)

    def point(self, x: float, y: float) -> QPointF:
        """Return where a frame pixel lies."""
        column = self.frame_width_px - x if self.mirrored else x
        return QPointF(self.left + column * self.scale, self.top + y * self.scale)

    def box(self, box: Box) -> QRectF:
        """Return where a box of the frame lies."""
        a, b = self.point(box.left, box.top), self.point(box.right, box.bottom)
        return QRectF(a, b).normalized()


def pose_axes(pose: HeadPose) -> tuple[tuple[float, float], ...]:
    """Return the ends of the three unit axes of a head as frame offsets (x right, y down).

    In the order of AXIS_COLOURS.
    """
    # The columns are the head's own axes: x right, y down, z away from the camera.
    across, down, away = rotation_matrix(pose).T
    return tuple((float(x), float(y)) for x, y in (across[:2], -down[:2], -away[:2]))


def paint_report(
    painter: QPainter, report: FaceReport, mapping: FrameMapping, area: QRectF, sizes: Theme
) -> None:
    """Draw one frame's findings."""
    for detection in report.detections:
        if detection is not report.subject:
            _paint_box(painter, mapping.box(detection.box), theme.TEXT_SOFT, 0.55, sizes)
    subject = report.subject
    if subject is None:
        return
    _paint_box(painter, mapping.box(subject.box), theme.ACCENT, 1.0, sizes)
    _paint_landmarks(painter, subject, mapping, sizes)
    if report.pose is not None:
        _paint_axes(painter, subject, report.pose, mapping, sizes)
        _paint_numbers(painter, mapping.box(subject.box), report.pose, area, sizes)


def _paint_box(painter: QPainter, box: QRectF, colour: str, opacity: float, sizes: Theme) -> None:
    """Draw only the corners: a full rectangle across a face looks like a verdict."""
    pen_colour = QColor(colour)
    pen_colour.setAlphaF(opacity)
    arm = min(box.width(), box.height()) * 0.22
    pen = QPen(pen_colour, sizes.px(4 if opacity == 1.0 else 3))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    for x, across in ((box.left(), arm), (box.right(), -arm)):
        for y, along in ((box.top(), arm), (box.bottom(), -arm)):
            painter.drawPolyline([QPointF(x + across, y), QPointF(x, y), QPointF(x, y + along)])


def _paint_landmarks(
    painter: QPainter, subject: Detection, mapping: FrameMapping, sizes: Theme
) -> None:
    painter.setPen(QPen(QColor(0, 0, 0, 140), sizes.px(1)))
    painter.setBrush(QColor(theme.TEXT))
    radius = sizes.px(4)
    for x, y in subject.landmarks:
        painter.drawEllipse(mapping.point(float(x), float(y)), radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_axes(
    painter: QPainter, subject: Detection, pose: HeadPose, mapping: FrameMapping, sizes: Theme
) -> None:
    nose_x, nose_y = (float(v) for v in subject.landmarks[2])
    length = subject.box.width * 0.42
    start = mapping.point(nose_x, nose_y)
    for (x, y), colour in zip(pose_axes(pose), AXIS_COLOURS, strict=True):
        pen = QPen(QColor(colour), sizes.px(4))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(start, mapping.point(nose_x + x * length, nose_y + y * length))


def _paint_numbers(
    painter: QPainter, box: QRectF, pose: HeadPose, area: QRectF, sizes: Theme
) -> None:
    text = texts.pose_numbers(pose.yaw_deg, pose.pitch_deg, pose.roll_deg)
    font = sizes.font(19, QFont.Weight.DemiBold)
    metrics = QFontMetricsF(font)
    width = metrics.horizontalAdvance(text) + sizes.px(24)
    height = metrics.height() + sizes.px(10)
    gap = sizes.px(10)
    left = min(max(box.center().x() - width / 2, area.left() + gap), area.right() - gap - width)
    top = min(box.bottom() + gap, area.bottom() - gap - height)
    pill = QRectF(left, top, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(12, 18, 28, 200))
    painter.drawRoundedRect(pill, height / 2, height / 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QColor(theme.TEXT))
    painter.setFont(font)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
