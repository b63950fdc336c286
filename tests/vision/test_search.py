"""The search: what it asks the detector, and that each answer is one face of one pass."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain import Box, Detection, Frame
from kiosk.drawnface import draw_face
from kiosk.vision.detector import RetinaFaceDetector
from kiosk.vision.search import (
    FaceSearch,
    cut_out,
    merge_faces,
    overlap,
    region_square,
    same_face,
    tile_squares,
)
from kiosk.vision.subject import choose_subject

MakeDetection = Callable[..., Detection]
FILL = (104, 117, 123)
INPUT_PX = 320


class Room:
    """A detector whose faces are marks in the picture, seen from a size in its input on.

    A face is a solid square of its own colour: the detector measures what is left of it in the
    piece of the frame that it is given, so that wrong shifts and cuts show.
    """

    def __init__(self, width_px: int = 640, height_px: int = 480) -> None:
        self.size = (width_px, height_px)
        self.input_size = (INPUT_PX, INPUT_PX)
        self.fill = FILL
        self.smallest_px = 20.0
        self.rough_px = 0
        """By how much a pass on the whole frame misplaces a face to the right."""
        self.score_whole = self.score_enlarged = 0.99
        self.passes: list[tuple[int, int]] = []

    def frame(self, *faces: tuple[int, int, int]) -> Frame:
        """Return a frame with faces (centre x, centre y, side); the n-th has colour n, 0, 0."""
        pixels = np.full((self.size[1], self.size[0], 3), 255, np.uint8)
        for number, (x, y, side) in enumerate(faces):
            top, left = max(0, y - side // 2), max(0, x - side // 2)
            pixels[top : y + side // 2, left : x + side // 2] = (number + 1, 0, 0)
        return Frame(pixels, 0)

    def detect(self, frame: Frame) -> tuple[Detection, ...]:
        self.passes.append((frame.width_px, frame.height_px))
        whole = (frame.width_px, frame.height_px) == self.size
        scale = min(INPUT_PX / frame.width_px, INPUT_PX / frame.height_px)
        found = []
        for colour in range(1, 6):
            mark = (frame.pixels[..., 0] == colour) & (frame.pixels[..., 1] == 0)
            rows, columns = np.nonzero(mark)
            if len(rows) == 0:
                continue
            left, right = float(columns.min()), float(columns.max())
            top, bottom = float(rows.min()), float(rows.max())
            if max(right - left, bottom - top) * scale < self.smallest_px:
                continue
            slip = self.rough_px if whole else 0
            score = self.score_whole if whole else self.score_enlarged
            if score < 0.6:
                continue
            points = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]
            landmarks = [
                (left + slip + a * (right - left), top + b * (bottom - top)) for a, b in points
            ]
            box = Box(left + slip, top, right + slip, bottom)
            found.append(Detection(box, np.array(landmarks, np.float32), score - colour / 1000))
        return tuple(found)


def centres(faces: tuple[Detection, ...]) -> list[tuple[int, int]]:
    return [(round(face.box.centre[0]), round(face.box.centre[1])) for face in faces]


def near(one: tuple[int, int], other: tuple[int, int], within: int = 2) -> bool:
    return math.dist(one, other) <= within


# --- one frame --------------------------------------------------------------------------------


def test_an_empty_small_frame_takes_one_pass() -> None:
    room = Room()

    assert FaceSearch(room).look(room.frame()) == ()
    assert room.passes == [(640, 480)]


def test_the_second_pass_places_the_face() -> None:
    room = Room()
    room.rough_px = 12

    (face,) = FaceSearch(room).look(room.frame((300, 200, 100)))

    assert near(centres((face,))[0], (300, 200))
    assert near(tuple(face.landmarks[2].astype(int)), (300, 210), 3)
    assert room.passes[1][0] == room.passes[1][1] == 198


def test_only_the_most_prominent_face_is_enlarged_and_comes_first() -> None:
    room = Room()
    room.rough_px = 10

    faces = FaceSearch(room).look(room.frame((560, 100, 60), (320, 240, 120)))

    assert len(room.passes) == 2
    assert near(centres(faces)[0], (320, 240))
    assert near(centres(faces)[1], (570, 100))


def test_a_sure_face_stays_when_the_second_pass_does_not_see_it() -> None:
    room = Room()
    room.score_enlarged = 0.0

    (face,) = FaceSearch(room).look(room.frame((300, 200, 100)))

    assert face.score > 0.9


def test_an_unsure_face_that_is_not_seen_again_was_none() -> None:
    room = Room()
    room.score_whole, room.score_enlarged = 0.7, 0.0

    assert FaceSearch(room).look(room.frame((300, 200, 100))) == ()


def test_an_unsure_face_that_is_seen_again_is_one() -> None:
    room = Room()
    room.score_whole = 0.7

    (face,) = FaceSearch(room).look(room.frame((300, 200, 100)))

    assert face.score > 0.9


@pytest.mark.parametrize("place", [(100, 100), (640, 360), (1240, 680), (480, 355), (805, 250)])
def test_a_far_face_in_a_large_frame_is_found_once(place: tuple[int, int]) -> None:
    room = Room(1280, 720)
    frame = room.frame((*place, 60))
    assert room.detect(frame) == ()

    faces = FaceSearch(room).look(frame)

    assert len(faces) == 1
    assert near(centres(faces)[0], place)


def test_two_far_faces_are_both_found() -> None:
    room = Room(1280, 720)

    faces = FaceSearch(room).look(room.frame((600, 350, 60), (760, 350, 60)))

    assert len(faces) == 2


def test_a_near_sure_face_spares_the_tiles() -> None:
    room = Room(1280, 720)

    FaceSearch(room).look(room.frame((640, 360, 200)))

    assert len(room.passes) == 2


def test_an_unsure_find_in_a_tile_is_no_face() -> None:
    room = Room(1280, 720)
    room.score_enlarged = 0.75

    assert FaceSearch(room).look(room.frame((640, 360, 60))) == ()


@pytest.mark.parametrize("place", [(20, 20), (630, 470), (5, 240)])
def test_a_face_at_the_frames_border_is_kept(place: tuple[int, int]) -> None:
    room = Room()

    assert len(FaceSearch(room).look(room.frame((*place, 90)))) == 1


# --- a camera's frames ------------------------------------------------------------------------


def test_following_a_face_costs_a_pass_and_a_quarter() -> None:
    room = Room()
    search = FaceSearch(room)
    search.follow(room.frame((300, 200, 100)))
    room.passes.clear()

    for number in range(40):
        (face,) = search.follow(room.frame((300 + 3 * number, 200, 100)))
        assert near(centres((face,))[0], (300 + 3 * number, 200))

    assert len(room.passes) == 50
    assert room.passes.count((640, 480)) == 10


def test_a_second_person_is_noticed_within_four_frames_and_stays_in_the_list() -> None:
    room = Room()
    search = FaceSearch(room)
    alone, both = (300, 240, 100), ((300, 240, 100), (540, 240, 90))
    for _ in range(6):
        search.follow(room.frame(alone))

    counts = [len(search.follow(room.frame(*both))) for _ in range(12)]

    first = counts.index(2)
    assert first < 4
    assert set(counts[first:]) == {2}


def test_who_has_gone_leaves_the_list_within_four_frames() -> None:
    room = Room()
    search = FaceSearch(room)
    search.follow(room.frame((300, 240, 100), (540, 240, 90)))

    counts = [len(search.follow(room.frame((300, 240, 100)))) for _ in range(5)]

    assert counts[-1] == 1


def test_who_takes_over_is_followed() -> None:
    room = Room()
    search = FaceSearch(room)
    for _ in range(3):
        search.follow(room.frame((200, 240, 60)))

    seen = [search.follow(room.frame((200, 240, 60), (420, 240, 180))) for _ in range(5)]

    assert near(centres(seen[-1])[0], (420, 240))


def test_the_first_face_is_never_a_remembered_one() -> None:
    room = Room()
    search = FaceSearch(room)
    # The other moves away, the one that was followed becomes less prominent than it was.
    for step in range(24):
        x = 300 - 8 * step
        frame = room.frame((x, 240, 100), (460 + step, 240, 96))
        faces = search.follow(frame)
        assert any(near(centres(faces)[0], place) for place in ((x, 240), (460 + step, 240)))
        assert choose_subject(frame, faces)[0] is faces[0]


def test_a_face_that_is_lost_is_searched_for_at_once() -> None:
    room = Room()
    search = FaceSearch(room)
    search.follow(room.frame((120, 240, 80)))

    (face,) = search.follow(room.frame((500, 240, 80)))

    assert near(centres((face,))[0], (500, 240))


def test_a_face_that_leaves_is_not_invented() -> None:
    room = Room()
    search = FaceSearch(room)
    search.follow(room.frame((300, 240, 80)))

    assert [search.follow(room.frame()) for _ in range(3)] == [(), (), ()]


def test_an_empty_large_room_costs_two_passes_and_a_far_face_is_found_in_turn() -> None:
    room = Room(1280, 720)
    search = FaceSearch(room)
    tiles = len(tile_squares(1280, 720))
    for _ in range(10):
        assert search.follow(room.frame()) == ()
    assert len(room.passes) == 20

    found = [bool(search.follow(room.frame((900, 500, 60)))) for _ in range(tiles + 4)]

    first = found.index(True)
    assert first < tiles
    assert all(found[first:])


def test_a_face_that_cannot_be_followed_costs_two_passes_a_frame() -> None:
    room = Room(1280, 720)
    room.score_enlarged = 0.0
    search = FaceSearch(room)

    for number in range(8):
        frame = Frame(room.frame((640, 360, 90)).pixels, number)
        assert len(search.follow(frame)) == 1

    assert len(room.passes) == 16


def test_forgetting_begins_anew() -> None:
    room = Room()
    search = FaceSearch(room)
    search.follow(room.frame((300, 240, 80)))
    search.forget()
    room.passes.clear()

    search.follow(room.frame((300, 240, 80)))

    assert room.passes[0] == (640, 480)


def test_a_frame_of_another_size_begins_anew() -> None:
    room = Room()
    search = FaceSearch(room)
    search.follow(room.frame((300, 240, 80)))
    room.size = (800, 600)
    room.passes.clear()

    search.follow(room.frame((600, 500, 80)))

    assert room.passes[0] == (800, 600)


def test_a_pause_of_the_camera_begins_anew() -> None:
    room = Room()
    search = FaceSearch(room)
    frame = room.frame((300, 240, 80))
    search.follow(frame)
    room.passes.clear()

    search.follow(Frame(frame.pixels, 2_000_000_000))

    assert room.passes[0] == (640, 480)


# --- geometry ---------------------------------------------------------------------------------

SIDES = st.integers(16, 4000)
COORDINATES = st.floats(-500, 4500)
BOXES = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height),
    COORDINATES,
    COORDINATES,
    st.floats(1, 900),
    st.floats(1, 900),
)


@given(SIDES, SIDES)
def test_tiles_lie_in_the_frame_and_cover_it(width_px: int, height_px: int) -> None:
    tiles = tile_squares(width_px, height_px)

    if max(width_px, height_px) <= 800:
        assert tiles == ()
        return
    assert min(left for left, _, _ in tiles) == min(top for _, top, _ in tiles) == 0
    assert max(left + side for left, _, side in tiles) == width_px
    assert max(top + side for _, top, side in tiles) == height_px
    for length, axis in ((width_px, 0), (height_px, 1)):
        starts = sorted({tile[axis] for tile in tiles})
        side = tiles[0][2]
        assert side <= length
        assert all(after - before <= 0.7 * side + 1 for before, after in itertools.pairwise(starts))


@given(st.integers(0, 1279), st.integers(0, 719))
def test_every_place_of_a_60_px_face_is_whole_in_a_tile(x: int, y: int) -> None:
    left, top = min(max(x - 30, 0), 1220), min(max(y - 30, 0), 660)

    assert any(
        (tile_x == 0 or tile_x + 8 <= left)
        and (tile_y == 0 or tile_y + 8 <= top)
        and (tile_x + side == 1280 or left + 60 <= tile_x + side - 8)
        and (tile_y + side == 720 or top + 60 <= tile_y + side - 8)
        for tile_x, tile_y, side in tile_squares(1280, 720)
    )


@given(BOXES)
def test_the_region_is_centred_on_the_face_and_twice_its_size(box: Box) -> None:
    square = region_square(box)
    if square is None:
        assert max(box.width, box.height) < 1
        return
    left, top, side = square

    assert side == pytest.approx(2 * max(box.width, box.height), abs=1)
    assert left + (side - 1) / 2 == pytest.approx(box.centre[0], abs=1)
    assert top + (side - 1) / 2 == pytest.approx(box.centre[1], abs=1)


@pytest.mark.parametrize(
    "box",
    [
        Box(math.nan, 0, 10, 10),
        Box(0, 0, math.inf, 10),
        Box(5, 5, 5, 5),
        Box(0, 0, 1e9, 10),
    ],
)
def test_a_box_that_frames_nothing_has_no_region(box: Box) -> None:
    assert region_square(box) is None


@given(st.integers(-60, 60), st.integers(-60, 60), st.integers(1, 70))
def test_a_piece_shows_the_frame_where_it_is_and_fill_elsewhere(
    left: int, top: int, side: int
) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40, 3)).astype(np.uint8)

    piece = cut_out(Frame(pixels, 5), (left, top, side), FILL)

    assert piece.pixels.shape == (side, side, 3)
    assert piece.captured_at_ns == 5
    for row, column in ((0, 0), (side - 1, side - 1), (side // 2, 0), (0, side // 2)):
        y, x = row + top, column + left
        inside = 0 <= y < 30 and 0 <= x < 40
        expected = pixels[y, x] if inside else FILL
        np.testing.assert_array_equal(piece.pixels[row, column], expected)


@given(BOXES, BOXES)
def test_being_the_same_face_and_overlap_are_mutual(one: Box, other: Box) -> None:
    a, b = (Detection(box, np.zeros((5, 2), np.float32), 0.9) for box in (one, other))

    assert same_face(a, b) == same_face(b, a)
    assert same_face(a, a)
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert 0 <= overlap(one, other) <= 1
    assert overlap(one, one) == pytest.approx(1)


@given(st.lists(BOXES, max_size=8))
def test_merging_keeps_everybody_once(boxes: list[Box]) -> None:
    faces = [Detection(box, np.zeros((5, 2), np.float32), 0.9) for box in boxes]

    merged = merge_faces(faces)

    assert all(any(same_face(face, kept) for kept in merged) for face in faces)
    pairs = [(a, b) for i, a in enumerate(merged) for b in merged[i + 1 :]]
    assert not any(same_face(a, b) for a, b in pairs)
    assert merge_faces(merged) == merged


def test_people_side_by_side_are_two(make_detection: MakeDetection) -> None:
    one, other = make_detection(100, 100, 200, 230), make_detection(155, 100, 255, 230)

    assert merge_faces([one, other]) == (one, other)


# --- the real detector ------------------------------------------------------------------------


def test_the_drawn_face_is_placed_the_same_wherever_it_stands(
    detector: RetinaFaceDetector,
) -> None:
    face = draw_face(260, 260, 120)
    offsets = []
    for left, top in ((40, 60), (700, 300), (1020, 460)):
        pixels = np.full((720, 1280, 3), 128, np.uint8)
        pixels[top : top + 260, left : left + 260] = face
        found = FaceSearch(detector).look(Frame(pixels, 0))
        assert len(found) == 1
        offsets.append(found[0].landmarks - (left, top))

    assert np.ptp(offsets, axis=0).max() < 1.0
