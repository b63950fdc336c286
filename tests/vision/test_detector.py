"""RetinaFace's decoder, against anchors worked out by hand, and the real network."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from kiosk.domain import Frame, Pixels
from kiosk.drawnface import draw_face
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.vision.detector import (
    RetinaFaceDetector,
    decode_boxes,
    decode_landmarks,
    iou,
    make_anchors,
    merge_agreeing,
)
from kiosk.vision.head_pose import estimate_head_pose

ANCHORS_AT_320 = 4200
Outputs = list[NDArray[np.float32]]


def make_card(size: int = 320, order: str = "BGR") -> ModelCard:
    return ModelCard(
        name="scripted",
        version="1",
        role=Role.DETECTOR,
        architecture="retinaface",
        file="none.onnx",
        sha256="0" * 64,
        precision="fp32",
        width_px=size,
        height_px=size,
        colour_order=order,
        mean=(104.0, 117.0, 123.0),
        std=(1.0, 1.0, 1.0),
    )


class ScriptedRuntime:
    """Gives the answers it is told, and remembers what it was asked."""

    def __init__(self, outputs: Outputs, card: ModelCard | None = None) -> None:
        self.card = card or make_card()
        self.outputs = outputs
        self.seen: list[Pixels] = []

    def infer(self, pixels: Pixels) -> Outputs:
        self.seen.append(pixels)
        return self.outputs

    def close(self) -> None:
        pass


def silence(count: int = ANCHORS_AT_320) -> Outputs:
    scores = np.zeros((count, 2), np.float32)
    scores[:, 0] = 1
    return [np.zeros((count, 4), np.float32), scores, np.zeros((count, 10), np.float32)]


def speak(outputs: Outputs, anchor: int, score: float) -> None:
    outputs[1][anchor] = (1 - score, score)


def blank(width: int = 320, height: int = 320) -> Frame:
    return Frame(np.zeros((height, width, 3), np.uint8), 0)


@pytest.mark.parametrize(
    ("index", "centre_x", "centre_y", "side"),
    [
        # Stride 8: 40×40 cells of two anchors, row by row; then stride 16 at 3200, 32 at 4000.
        (0, 4, 4, 16),
        (1, 4, 4, 32),
        (2, 12, 4, 16),
        (79, 316, 4, 32),
        (80, 4, 12, 16),
        (3199, 316, 316, 32),
        (3200, 8, 8, 64),
        (3201, 8, 8, 128),
        (3240, 8, 24, 64),
        (3999, 312, 312, 128),
        (4000, 16, 16, 256),
        (4001, 16, 16, 512),
        (4199, 304, 304, 512),
    ],
)
def test_anchors_lie_where_the_paper_puts_them(
    index: int, centre_x: float, centre_y: float, side: float
) -> None:
    anchors = make_anchors(320, 320)

    assert anchors.shape == (ANCHORS_AT_320, 4)
    assert anchors[index] * 320 == pytest.approx([centre_x, centre_y, side, side], abs=1e-4)


def test_anchors_of_an_oblong_input_and_of_one_that_no_stride_divides() -> None:
    oblong = make_anchors(640, 320)
    assert len(oblong) == 2 * (80 * 40 + 40 * 20 + 20 * 10)
    assert oblong[2] * [640, 320, 640, 320] == pytest.approx([12, 4, 16, 16], abs=1e-4)
    assert len(make_anchors(100, 100)) == 2 * (13**2 + 7**2 + 4**2)


def test_a_box_is_decoded_by_hand() -> None:
    # Anchor 3200: centre (8, 8), side 64. Offsets (1, −2) move it by 0.1·64 px each; exp(0.2·…)
    # sizes it: width 64·e^0.4, height 64·e^−0.2.
    anchors = make_anchors(320, 320)[3200:3201]

    corners = decode_boxes(np.array([[1, -2, 2, -1]], np.float32), anchors)[0] * 320

    width, height = 64 * np.exp(0.4), 64 * np.exp(-0.2)
    assert corners == pytest.approx(
        [14.4 - width / 2, -4.8 - height / 2, 14.4 + width / 2, -4.8 + height / 2], rel=1e-5
    )


def test_landmarks_are_decoded_by_hand() -> None:
    anchors = make_anchors(320, 320)[4000:4001]
    offsets = np.array([[0, 0, 1, 0, 0, 1, -1, 2, 3, -3]], np.float32)

    points = decode_landmarks(offsets, anchors)[0] * 320

    expected = [[16, 16], [41.6, 16], [16, 41.6], [-9.6, 67.2], [92.8, -60.8]]
    np.testing.assert_allclose(points, expected, atol=1e-3)


def test_a_face_is_reported_in_frame_pixels() -> None:
    outputs = silence()
    speak(outputs, 3200 + 2 * (10 * 20 + 5), 0.9)  # centre (88, 168), side 64
    outputs[2][:, 0] = 1.0

    (face,) = RetinaFaceDetector(ScriptedRuntime(outputs)).detect(blank(640, 480))

    # The frame is halved; a point p of the input lies at 2p − ½ in the frame.
    assert (face.box.left, face.box.top) == pytest.approx((2 * 56 - 0.5, 2 * 136 - 0.5), abs=1e-3)
    assert (face.box.right, face.box.bottom) == pytest.approx((239.5, 399.5), abs=1e-3)
    assert face.landmarks[0] == pytest.approx((2 * 94.4 - 0.5, 335.5), abs=1e-3)
    assert face.landmarks[4] == pytest.approx((175.5, 335.5), abs=1e-3)
    assert face.landmarks.shape == (5, 2)
    assert face.landmarks.dtype == np.float32
    assert face.score == pytest.approx(0.9)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_the_outputs_may_come_in_any_order(order: tuple[int, ...]) -> None:
    outputs = silence()
    speak(outputs, 100, 0.8)

    shuffled = [outputs[index] for index in order]

    assert len(RetinaFaceDetector(ScriptedRuntime(shuffled)).detect(blank())) == 1


def test_an_empty_scene_has_no_faces() -> None:
    assert RetinaFaceDetector(ScriptedRuntime(silence())).detect(blank()) == ()


@pytest.mark.parametrize(("score", "found"), [(0.7, 1), (0.699, 0)])
def test_the_lowest_score_counts(score: float, found: int) -> None:
    outputs = silence()
    outputs[1][500] = (0, np.float32(score))

    detector = RetinaFaceDetector(ScriptedRuntime(outputs), min_score=float(np.float32(0.7)))

    assert len(detector.detect(blank())) == found


def test_faces_come_best_first_and_no_more_than_twenty() -> None:
    outputs = silence()
    # Anchors of 16 px at every fourth cell of stride 8 do not touch each other.
    chosen = [2 * (row * 40 + column) for row in range(0, 40, 4) for column in range(0, 40, 4)]
    scores = np.random.default_rng(1).uniform(0.61, 0.99, len(chosen)).astype(np.float32)
    for anchor, score in zip(chosen, scores, strict=True):
        speak(outputs, anchor, score)

    faces = RetinaFaceDetector(ScriptedRuntime(outputs)).detect(blank())

    assert [face.score for face in faces] == pytest.approx(sorted(scores, reverse=True)[:20])


@pytest.mark.parametrize(
    "outputs",
    [
        [],
        silence()[:2],
        silence(4199),
        [*silence()[:2], np.zeros((4200, 8), np.float32)],
        [silence()[0], np.zeros((4200, 2), np.float32), np.zeros((4199, 10), np.float32)],
        [np.zeros(128, np.float32)],
    ],
)
def test_a_network_that_is_no_retinaface_is_refused(outputs: Outputs) -> None:
    with pytest.raises(ModelError, match="not a RetinaFace"):
        RetinaFaceDetector(ScriptedRuntime(outputs)).detect(blank())


@pytest.mark.parametrize(("order", "fill"), [("BGR", (104, 117, 123)), ("RGB", (123, 117, 104))])
def test_the_padding_is_the_networks_mean_in_the_frames_order(
    order: str, fill: tuple[int, int, int]
) -> None:
    runtime = ScriptedRuntime(silence(), make_card(order=order))

    RetinaFaceDetector(runtime).detect(blank(640, 320))

    assert (runtime.seen[0][:160] == 0).all()
    assert (runtime.seen[0][160:] == fill).all()


# --- merging ----------------------------------------------------------------------------------


def square(x: float, y: float, side: float = 10.0) -> list[float]:
    return [x, y, x + side, y + side]


def merge(
    boxes: list[list[float]], scores: list[float]
) -> list[tuple[NDArray[np.float32], NDArray[np.float32], np.float32]]:
    corners = np.array(boxes, np.float32)
    points = np.repeat(corners[:, None, :2], 5, 1)
    return merge_agreeing(corners, points, np.array(scores, np.float32))


def test_a_lone_box_stays_as_it_is() -> None:
    ((box, points, score),) = merge([square(3, 4)], [0.8])

    assert box == pytest.approx([3, 4, 13, 14])
    assert points == pytest.approx(np.array([[3, 4]] * 5))
    assert score == pytest.approx(0.8)


def test_boxes_that_agree_are_averaged_by_score_to_the_fourth() -> None:
    ((box, points, score),) = merge([square(0, 0), square(1, 0)], [0.9, 0.6])

    share = 0.6**4 / (0.6**4 + 0.9**4)
    assert box == pytest.approx([share, 0, 10 + share, 10], abs=1e-5)
    assert points[2] == pytest.approx([share, 0], abs=1e-5)
    assert score == pytest.approx(0.9)


def test_boxes_that_overlap_a_little_are_dropped_without_being_averaged() -> None:
    # IoU of two 10 px squares shifted by 3 px: 70 / 130 = 0.54, between 0.4 and 0.6.
    ((box, _, _),) = merge([square(0, 0), square(3, 0)], [0.9, 0.8])

    assert box == pytest.approx([0, 0, 10, 10])


def test_rounding_moves_a_face_by_no_more_than_rounding() -> None:
    # At an IoU of 0.6, squares shifted by a quarter of their side, an anchor joins the average.
    shifts = np.linspace(2.4, 2.6, 41)
    lefts = [merge([square(0, 0), square(shift, 0)], [0.9, 0.9])[0][0][0] for shift in shifts]

    assert lefts[0] > 0.1 and lefts[-1] == 0
    assert np.abs(np.diff(lefts)).max() < 0.03


def test_boxes_that_hardly_overlap_are_two_faces() -> None:
    # Shifted by 5 px: 50 / 150 = 0.33.
    found = merge([square(0, 0), square(5, 0)], [0.7, 0.8])

    assert [float(score) for _, _, score in found] == pytest.approx([0.8, 0.7])
    assert found[0][0] == pytest.approx([5, 0, 15, 10])


def test_a_box_taken_by_one_face_is_not_averaged_into_another() -> None:
    # The middle one agrees with both; it belongs to the better.
    found = merge([square(0, 0), square(2, 0), square(4.4, 0)], [0.9, 0.8, 0.7])

    assert len(found) == 2
    assert found[1][0] == pytest.approx([4.4, 0, 14.4, 10])


def test_nothing_gives_nothing() -> None:
    empty = np.zeros((0, 4), np.float32)
    assert merge_agreeing(empty, np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)) == []


def test_boxes_without_area_do_not_loop_or_divide_by_zero() -> None:
    assert len(merge([square(1, 1, 0), square(1, 1, 0)], [0.9, 0.8])) == 2


def test_iou_by_hand() -> None:
    box = np.array(square(0, 0), np.float32)
    others = np.array([square(0, 0), square(5, 5), square(20, 0), [2, 2, 4, 4], [9, 9, 1, 1]])

    found = iou(box, others.astype(np.float32))

    assert found == pytest.approx([1, 25 / 175, 0, 0.04, 0], abs=1e-6)


_FLOATS = st.floats(-50, 50, width=32)


@settings(deadline=None, max_examples=60)
@given(
    places=hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(3)), elements=_FLOATS),
    data=st.data(),
)
def test_merged_faces_never_overlap_as_winners_and_stay_within_their_boxes(
    places: NDArray[np.float32], data: st.DataObject
) -> None:
    corner, side = places[:, :2], np.abs(places[:, 2:]) + 1
    boxes = np.concatenate([corner, corner + side], 1)
    scores = data.draw(
        hnp.arrays(np.float32, len(boxes), elements=st.floats(0.125, 1, width=32))
    ).astype(np.float32)

    found = merge_agreeing(boxes, np.repeat(boxes[:, None, :2], 5, 1), scores)

    best = [float(score) for _, _, score in found]
    assert best[0] == pytest.approx(float(scores.max()))
    assert best == sorted(best, reverse=True)
    for box, points, _ in found:
        assert (box >= boxes.min(0) - 1e-3).all()
        assert (box <= boxes.max(0) + 1e-3).all()
        assert points[0] == pytest.approx(box[:2], abs=1e-2)


# --- the real network --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height"), [(640, 480), (641, 479), (1280, 720), (480, 640), (320, 320), (1919, 1079)]
)
def test_the_drawn_face_is_found_where_it_was_drawn(
    detector: RetinaFaceDetector, width: int, height: int
) -> None:
    face_px = 0.45 * min(width, height)
    faces = detector.detect(Frame(draw_face(width, height, face_px), 0))

    assert len(faces) == 1
    eyes = np.array([[-0.2, -0.11], [0.2, -0.11]]) * face_px + (width / 2, height / 2)
    np.testing.assert_allclose(faces[0].landmarks[:2], eyes, atol=0.06 * face_px)
    assert faces[0].box.centre == pytest.approx((width / 2, height / 2), abs=0.12 * face_px)
    pose = estimate_head_pose(faces[0].landmarks)
    assert abs(pose.yaw_deg) < 20
    assert abs(pose.roll_deg) < 8


def test_landmarks_move_with_the_face_by_fractions_of_a_pixel(
    detector: RetinaFaceDetector,
) -> None:
    picture = draw_face(640, 640, 300)
    still = detector.detect(Frame(picture, 0))[0].landmarks
    # Sixteen frame pixels are eight of the network's input: one whole cell.
    moved = detector.detect(Frame(np.roll(picture, (32, 16), (0, 1)), 0))[0].landmarks

    assert (moved - still).mean(0) == pytest.approx((16, 32), abs=1.2)


def test_a_mirrored_face_has_mirrored_landmarks(detector: RetinaFaceDetector) -> None:
    picture = draw_face(640, 640, 300)
    face = detector.detect(Frame(picture, 0))[0].landmarks
    mirror = detector.detect(Frame(cv2.flip(picture, 1), 0))[0].landmarks

    mirrored = (639 - face[:, 0])[[1, 0, 2, 4, 3]]
    assert mirror[:, 0] == pytest.approx(mirrored, abs=12)
    assert mirror[0, 0] < mirror[1, 0]


def test_noise_and_blackness_hold_no_face(detector: RetinaFaceDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3)).astype(np.uint8)

    assert detector.detect(Frame(noise, 0)) == ()
    assert detector.detect(blank(640, 480)) == ()


def test_a_tiny_frame_is_no_fault(detector: RetinaFaceDetector) -> None:
    for shape in [(1, 1, 3), (1, 500, 3), (3, 2, 3)]:
        assert detector.detect(Frame(np.zeros(shape, np.uint8), 0)) == ()
