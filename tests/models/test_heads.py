"""Nine maps become the three outputs of a whole RetinaFace, anchor by anchor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from kiosk.drawnface import draw_face
from kiosk.errors import ModelError
from kiosk.models.card import Role
from kiosk.models.heads import head_shapes, merge_heads
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import builtin_folder, read_manifest
from kiosk.vision.detector import make_anchors

HEADS = [f"onnx::Transpose_{n}" for n in (467, 479, 491, 502, 514, 526, 537, 549, 561)]


def test_values_stay_with_their_anchor() -> None:
    width, height = 96, 64
    anchors = make_anchors(width, height)
    outputs = []
    for channels, rows, columns in head_shapes(width, height):
        row, column = np.mgrid[:rows, :columns]
        stride = height // rows
        # Every value names its place and its channel.
        values = [row * 1000 + column * 10 + stride * 1e5 + c / 100 for c in range(channels)]
        outputs.append(np.stack(values).astype(np.float32))

    boxes, scores, points = merge_heads(outputs, width, height)

    assert [len(o) for o in (boxes, scores, points)] == [len(anchors)] * 3
    for index in (0, 1, 2, 50, len(anchors) - 1):
        x, y = anchors[index, :2] * (width, height)
        per_stride = {8: (0, 192), 16: (192, 48), 32: (240, 12)}
        stride = next(s for s, (at, n) in per_stride.items() if at <= index < at + n)
        base = (y // stride) * 1000 + (x // stride) * 10 + stride * 1e5
        which = index % 2
        expected = base + (np.arange(10) + 10 * which) / 100
        np.testing.assert_allclose(points[index], expected, rtol=1e-6)
        np.testing.assert_allclose(boxes[index], base + (np.arange(4) + 4 * which) / 100, rtol=1e-6)
    np.testing.assert_allclose(scores.sum(1), 1, atol=1e-6)


def test_scores_are_a_softmax_that_does_not_overflow() -> None:
    outputs = [np.zeros(shape, np.float32) for shape in head_shapes(32, 32)]
    outputs[3][1], outputs[3][2] = 1e4, 1e4
    outputs[4][0], outputs[4][1] = 0.3, 1.7

    _, scores, _ = merge_heads(outputs, 32, 32)

    assert scores[0, 1] == 1 and 0 <= scores[1, 1] < 1e-30
    assert scores[32, 1] == pytest.approx(np.exp(1.7) / (np.exp(0.3) + np.exp(1.7)))


def test_other_shapes_are_refused() -> None:
    outputs = [np.zeros(shape, np.float32) for shape in head_shapes(32, 32)]

    with pytest.raises(ModelError, match="nine heads"):
        merge_heads(outputs[:-1], 32, 32)
    with pytest.raises(ModelError, match="nine heads"):
        merge_heads([o.transpose(1, 2, 0) for o in outputs], 32, 32)


def test_the_real_network_cut_and_merged_is_the_real_network(shared: Path, tmp_path: Path) -> None:
    cards = read_manifest(builtin_folder() / "catalogue.toml")
    card = next(card for card in cards if card.role is Role.DETECTOR)
    whole = shared / "models" / card.file
    onnx.utils.extract_model(str(whole), str(tmp_path / "cut.onnx"), ["input0"], HEADS)
    pixels = draw_face(320, 320, 120)

    merged = merge_heads(OnnxRuntime(card, tmp_path / "cut.onnx").infer(pixels), 320, 320)

    boxes, scores, points = OnnxRuntime(card, whole).infer(pixels)
    by_width = {output.shape[-1]: output for output in (boxes, scores, points)}
    for mine in merged:
        np.testing.assert_allclose(mine, by_width[mine.shape[-1]], atol=1e-4)
