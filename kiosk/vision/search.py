"""Where the faces are in a frame: the detector, asked again where one pass is not enough.

A frame of 1280×720 reaches a detector of 320×320 four times smaller: near faces are placed
roughly, far ones are not seen. So the face that counts is looked at a second time, enlarged, and
large frames are searched in overlapping squares too. All answers come from the detector: a face
that is returned was seen as a whole in one pass, its box and its landmarks together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from kiosk.domain import Box, Detection, Frame
from kiosk.vision.subject import choose_subject

REGION_FACTOR = 2.0
"""Side of the square looked at again, in sides of the face's box: see BENCHMARKS.md."""
_SURE_SCORE = 0.9
"""A face that scored less and is not seen again when enlarged was none."""
_SURE_FACE_PX = 32
"""In the detector's input; smaller ones may have neighbours of their size that it missed."""
_TILED_FROM_PX = 800
"""In smaller frames one pass sees every face that is near enough to be recognised."""
_TILE_SHARE = 3 / 8
"""Side of a tile per longer side: a face of 60 px in 1280×720 has 40 px in the input."""
_TILE_SCORE = 0.8
"""What a face must score in a tile: eight tiles give eight times the false finds."""
_TILE_OVERLAP = 0.3
"""Of a tile's side at least: a face of up to that size is whole in one of them."""
SURVEY_EVERY = 4
"""Frames from one look at the whole picture to the next while a face is followed."""
_GAP_NS = 500_000_000
"""After a longer pause between frames nothing is where it was."""
_SAME_IOU = 0.3
_BORDER_SHARE = 0.06
"""Of its box's longer side: the detector ends the box of a face that is cut at the border."""


class Detector(Protocol):
    """What finds faces in one pass; :class:`kiosk.vision.detector.RetinaFaceDetector`."""

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the network's input, px."""

    @property
    def fill(self) -> tuple[int, int, int]:
        """The BGR colour that is nothing to the network."""

    def detect(self, frame: Frame) -> tuple[Detection, ...]:
        """Return the faces in a picture, best score first. Raises ModelError."""


class FaceSearch:
    """Finds faces, the most prominent one precisely; used by one thread.

    :meth:`look` judges a frame by itself. :meth:`follow` expects the frames of one camera in
    order and spends 1.25 passes a frame on average while somebody is there. Both return the most
    prominent face (see :func:`kiosk.vision.subject.choose_subject`) first, each person once.
    """

    def __init__(self, detector: Detector, region_factor: float = REGION_FACTOR) -> None:
        """``region_factor``: side of the square looked at again, in sides of the face's box."""
        self._detector = detector
        self._region_factor = region_factor
        self._next_tile = 0
        self.forget()

    def forget(self) -> None:
        """Begin anew: the next frame has nothing to do with those before."""
        self._subject: Detection | None = None
        self._others: tuple[Detection, ...] = ()
        self._frames_since_survey = 0
        self._size = (0, 0)
        self._seen_at_ns = 0

    def look(self, frame: Frame) -> tuple[Detection, ...]:
        """Search a frame thoroughly: one or two passes, about ten where a face may be small.

        Raises ModelError.
        """
        return self._searched(frame)[0]

    def follow(self, frame: Frame) -> tuple[Detection, ...]:
        """Search the camera's next frame, first where the last one's most prominent face was.

        Faces beside it are looked for in every fourth frame, in every one while there are any. A
        face that is lost is searched thoroughly once. In an empty large frame one tile is searched
        besides the whole, another one each time. Raises ModelError.
        """
        size = (frame.width_px, frame.height_px)
        if size != self._size or abs(frame.captured_at_ns - self._seen_at_ns) > _GAP_NS:
            self.forget()
        self._size, self._seen_at_ns = size, frame.captured_at_ns
        if self._subject is None:
            return self._settled(*self._refined(frame, self._watch(frame)))
        fresh = self._again(frame, self._subject)
        if not fresh:
            return self._settled(*self._searched(frame))
        self._frames_since_survey += 1
        # With somebody beside, where that one is now decides who is meant: nothing is remembered.
        if self._frames_since_survey < SURVEY_EVERY and not self._others:
            faces = _prominent_first(frame, merge_faces((*fresh, *self._others)))
            # A face that is only remembered has landmarks of another frame: never the first.
            if faces[0] is fresh[0]:
                self._subject = faces[0]
                return faces
        faces = merge_faces((*fresh, *self._detector.detect(frame)))
        faces = _prominent_first(frame, faces)
        if faces[0] is fresh[0]:
            return self._settled(faces, True)
        return self._settled(*self._refined(frame, faces))

    def _settled(self, faces: tuple[Detection, ...], confirmed: bool) -> tuple[Detection, ...]:
        # What is not seen when enlarged cannot be followed: it would be lost in every frame.
        self._subject = faces[0] if confirmed else None
        self._others = faces[1:]
        self._frames_since_survey = 0
        return faces

    def _searched(self, frame: Frame) -> tuple[tuple[Detection, ...], bool]:
        faces = self._detector.detect(frame)
        tiles = tile_squares(frame.width_px, frame.height_px)
        if tiles and not self._certain(frame, faces):
            found = [face for tile in tiles for face in self._within_tile(frame, tile)]
            faces = merge_faces(sorted((*faces, *found), key=_score, reverse=True))
        return self._refined(frame, faces)

    def _watch(self, frame: Frame) -> tuple[Detection, ...]:
        faces = self._detector.detect(frame)
        tiles = tile_squares(frame.width_px, frame.height_px)
        if faces or not tiles:
            return faces
        self._next_tile = (self._next_tile + 1) % len(tiles)
        return self._within_tile(frame, tiles[self._next_tile])

    def _certain(self, frame: Frame, faces: Sequence[Detection]) -> bool:
        subject, _ = choose_subject(frame, faces)
        width_px, height_px = self._detector.input_size
        scale = min(width_px / frame.width_px, height_px / frame.height_px)
        return (
            subject is not None
            and subject.score >= _SURE_SCORE
            and math.sqrt(subject.box.area) * scale >= _SURE_FACE_PX
        )

    def _refined(
        self, frame: Frame, faces: tuple[Detection, ...]
    ) -> tuple[tuple[Detection, ...], bool]:
        """Look at the most prominent face again; drop those that are none then.

        The second value says whether the first face was seen again.
        """
        while faces:
            faces = _prominent_first(frame, faces)
            again = self._again(frame, faces[0])
            if again:
                others = [face for face in faces[1:] if not same_face(face, again[0])]
                faces = _prominent_first(frame, (again[0], *others))
                return faces, faces[0] is again[0]
            if faces[0].score >= _SURE_SCORE:
                break
            faces = faces[1:]
        return faces, False

    def _again(self, frame: Frame, face: Detection) -> tuple[Detection, ...]:
        """Look at a face and what is around it, enlarged.

        Returns this face first, then others that are in the square as a whole; nothing at all
        when this face is not among them.
        """
        square = region_square(face.box, self._region_factor)
        if square is None:
            return ()
        seen = self._detect_within(frame, square)
        likely = [other for other in seen if overlap(face.box, other.box) >= _SAME_IOU]
        if not likely:
            return ()
        same = max(likely, key=lambda other: overlap(face.box, other.box))
        return same, *(other for other in seen if other is not same)

    def _within_tile(self, frame: Frame, tile: Square) -> tuple[Detection, ...]:
        seen = self._detect_within(frame, tile)
        return tuple(face for face in seen if face.score >= _TILE_SCORE)

    def _detect_within(self, frame: Frame, square: Square) -> tuple[Detection, ...]:
        """Run a pass on a square of the frame; faces that its border cuts are left out."""
        part = cut_out(frame, square, self._detector.fill)
        left, top, _ = square
        shift = np.array([left, top], np.float32)
        found = []
        for face in self._detector.detect(part):
            box = Box(
                face.box.left + left,
                face.box.top + top,
                face.box.right + left,
                face.box.bottom + top,
            )
            if not _is_cut(box, square, frame):
                found.append(Detection(box, face.landmarks + shift, face.score))
        return tuple(found)


Square = tuple[int, int, int]
"""Left, top and side in whole frame pixels; it may reach beyond the frame."""


def region_square(box: Box, factor: float = REGION_FACTOR) -> Square | None:
    """Return the square around a face that is worth a second look; None when it frames none."""
    x, y = box.centre
    side = factor * max(box.width, box.height)
    if not (math.isfinite(x + y) and 2 <= side < 1e5):
        return None
    whole = max(2, round(side))
    # Pixel i covers [i − ½, i + ½): the first pixel of a square centred on x.
    return round(x + 0.5 - whole / 2), round(y + 0.5 - whole / 2), whole


def tile_squares(width_px: int, height_px: int) -> tuple[Square, ...]:
    """Return overlapping squares that cover a large frame; none for a small one."""
    longer = max(width_px, height_px)
    if longer <= _TILED_FROM_PX:
        return ()
    side = min(round(longer * _TILE_SHARE), width_px, height_px)
    across, down = _starts(width_px, side), _starts(height_px, side)
    return tuple((left, top, side) for top in down for left in across)


def _starts(length: int, side: int) -> list[int]:
    """Spread as few squares over a length as overlap enough."""
    count = math.ceil((length - side) / (side * (1 - _TILE_OVERLAP))) + 1
    if count == 1:
        return [0]
    return [round(number * (length - side) / (count - 1)) for number in range(count)]


def cut_out(frame: Frame, square: Square, fill: tuple[int, int, int]) -> Frame:
    """Return a square of a frame; ``fill`` (BGR) where it reaches beyond it."""
    left, top, side = square
    first_x, first_y = max(left, 0), max(top, 0)
    end_x = max(first_x, min(left + side, frame.width_px))
    end_y = max(first_y, min(top + side, frame.height_px))
    pixels = frame.pixels[first_y:end_y, first_x:end_x]
    if pixels.shape[:2] != (side, side):
        canvas = np.empty((side, side, 3), np.uint8)
        canvas[:] = fill
        canvas[first_y - top : end_y - top, first_x - left : end_x - left] = pixels
        pixels = canvas
    return Frame(pixels, frame.captured_at_ns)


def _is_cut(box: Box, square: Square, frame: Frame) -> bool:
    """Say whether a face ends at a square's border where the frame goes on."""
    left, top, side = square
    near = _BORDER_SHARE * max(box.width, box.height)
    return (
        (left > 0 and box.left < left + near)
        or (top > 0 and box.top < top + near)
        or (left + side < frame.width_px and box.right > left + side - near)
        or (top + side < frame.height_px and box.bottom > top + side - near)
    )


def merge_faces(faces: Iterable[Detection]) -> tuple[Detection, ...]:
    """Return each person once: of those that are the same face the first in the list."""
    kept: list[Detection] = []
    for face in faces:
        if not any(same_face(face, other) for other in kept):
            kept.append(face)
    return tuple(kept)


def same_face(one: Detection, other: Detection) -> bool:
    """Say whether two finds must be one person: each box has the other's centre in it.

    Wider than the detector's own rule, since one pass may have placed a small face roughly.
    """
    return _inside(one.box.centre, other.box) and _inside(other.box.centre, one.box)


def _inside(point: tuple[float, float], box: Box) -> bool:
    return box.left <= point[0] <= box.right and box.top <= point[1] <= box.bottom


def overlap(one: Box, other: Box) -> float:
    """Return intersection over union, 0–1."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    inner = max(across, 0.0) * max(down, 0.0)
    outer = one.area + other.area - inner
    return inner / outer if outer > 0 else 0.0


def _score(face: Detection) -> float:
    return face.score


def _prominent_first(frame: Frame, faces: Sequence[Detection]) -> tuple[Detection, ...]:
    first, _ = choose_subject(frame, faces)
    if first is None:
        return ()
    return first, *(face for face in faces if face is not first)
