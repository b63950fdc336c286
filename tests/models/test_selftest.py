"""The self-test catches a network that is fed wrongly, by a number."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.board.soc import read_soc
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import Pack, builtin_folder, embedded_pack, read_manifest
from kiosk.models.rknn import RknnRuntime
from kiosk.models.selftest import record_self_test, run_self_test

IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
RETINAFACE_MEAN = (104.0, 117.0, 123.0)
Harm = Callable[[ModelCard], ModelCard]


class TwiceNormalised:
    """A runtime whose pixels somebody has normalised before."""

    def __init__(self, runtime: OnnxRuntime) -> None:
        self.card = runtime.card
        self._runtime = runtime

    def infer(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        blob = self._runtime.normalise(pixels)
        again = blob[0].transpose(1, 2, 0)
        mean, std = np.array(self.card.mean), np.array(self.card.std)
        blob = ((again - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)
        session = self._runtime.session
        return [out[0] for out in session.run(None, {session.get_inputs()[0].name: blob})]

    def close(self) -> None:
        self._runtime.close()


class Scripted:
    """A runtime that gives the answers it is told to the first picture, and others to others."""

    def __init__(self, card: ModelCard, outputs: list[NDArray[np.float32]]) -> None:
        self.card = card
        self.outputs = outputs
        self.first: NDArray[np.uint8] | None = None

    def infer(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        if self.first is None:
            self.first = pixels
        if np.array_equal(pixels, self.first):
            return self.outputs
        return [output + 1 for output in self.outputs]

    def close(self) -> None:
        pass


def swap_channels(card: ModelCard) -> ModelCard:
    other = {"RGB": "BGR", "BGR": "RGB"}[card.colour_order]
    return dataclasses.replace(card, colour_order=other)


def swap_channels_and_statistics(card: ModelCard) -> ModelCard:
    return dataclasses.replace(
        swap_channels(card), mean=tuple(card.mean[::-1]), std=tuple(card.std[::-1])
    )


def skip_normalisation(card: ModelCard) -> ModelCard:
    return dataclasses.replace(card, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def scale_to_one(card: ModelCard) -> ModelCard:
    return dataclasses.replace(card, mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0))


def use_the_wrong_mean(card: ModelCard) -> ModelCard:
    return dataclasses.replace(card, mean=(127.5,) * 3, std=(128.0,) * 3)


HARMS = [
    swap_channels,
    swap_channels_and_statistics,
    skip_normalisation,
    scale_to_one,
    use_the_wrong_mean,
]

REAL = [Role.DETECTOR, Role.EMBEDDER, Role.LIVENESS]


def find_card(role: Role) -> ModelCard:
    cards = read_manifest(builtin_folder() / "catalogue.toml")
    return next(card for card in cards if card.role is role)


def stored(card: ModelCard) -> Path:
    return builtin_folder() / f"{card.name}.selftest.npz"


@pytest.mark.parametrize("role", REAL)
def test_the_real_networks_pass(shared: Path, role: Role) -> None:
    card = find_card(role)

    agreement = run_self_test(OnnxRuntime(card, shared / "models" / card.file), stored(card))

    assert agreement > 0.998


@pytest.mark.parametrize("role", REAL)
@pytest.mark.parametrize("harm", HARMS)
def test_a_real_network_fed_wrongly_is_caught(shared: Path, role: Role, harm: Harm) -> None:
    card = find_card(role)
    if role is Role.DETECTOR and harm is use_the_wrong_mean:
        wrong = dataclasses.replace(card, mean=IMAGENET_MEAN[::-1], std=IMAGENET_STD[::-1])
    elif role is Role.LIVENESS and harm is skip_normalisation:
        pytest.skip("it takes grey levels as they are")
    else:
        wrong = harm(card)

    with pytest.raises(ModelError, match="failed its self-test"):
        run_self_test(OnnxRuntime(wrong, shared / "models" / card.file), stored(card))


@pytest.mark.parametrize("role", [Role.DETECTOR, Role.EMBEDDER])
def test_a_real_network_normalised_twice_is_caught(shared: Path, role: Role) -> None:
    card = find_card(role)
    runtime = OnnxRuntime(card, shared / "models" / card.file)

    with pytest.raises(ModelError, match="failed its self-test"):
        run_self_test(TwiceNormalised(runtime), stored(card))


@pytest.fixture
def embedder_card(networks: Any, make_card: Callable[..., ModelCard]) -> ModelCard:
    path = networks.embedder(112, 128)
    return make_card(
        path,
        width_px=112,
        height_px=112,
        embedding_size=128,
        mean=list(IMAGENET_MEAN),
        std=list(IMAGENET_STD),
    )


@pytest.fixture
def detector_card(networks: Any, make_card: Callable[..., ModelCard]) -> ModelCard:
    path = networks.detector()
    return make_card(
        path,
        role="detector",
        width_px=32,
        height_px=32,
        colour_order="BGR",
        mean=list(RETINAFACE_MEAN),
    )


def tinted(card: ModelCard) -> NDArray[np.uint8]:
    """A picture on which mistakes weigh: dim and bluish, or hardly different from the mean."""
    rng = np.random.default_rng(5)
    if card.role is Role.EMBEDDER:
        muted = rng.normal(card.mean[::-1], 15, (card.height_px, card.width_px, 3))
        return np.clip(muted, 0, 255).astype(np.uint8)
    picture = rng.uniform(20, 235, (card.height_px, card.width_px, 3))
    return (picture * (0.6, 0.25, 0.1)).astype(np.uint8)


@pytest.mark.parametrize("kind", ["embedder", "detector"])
def test_a_tiny_network_passes_its_own_test(
    kind: str, request: pytest.FixtureRequest, networks: Any, tmp_path: Path
) -> None:
    card = request.getfixturevalue(f"{kind}_card")
    path = networks.folder / card.file
    record_self_test(OnnxRuntime(card, path), tinted(card), tmp_path / "t.npz")

    assert run_self_test(OnnxRuntime(card, path), tmp_path / "t.npz") > 0.9999


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize("kind", ["embedder", "detector"])
def test_a_tiny_network_fed_wrongly_is_caught(
    harm: Harm, kind: str, request: pytest.FixtureRequest, networks: Any, tmp_path: Path
) -> None:
    card = request.getfixturevalue(f"{kind}_card")
    path = networks.folder / card.file
    record_self_test(OnnxRuntime(card, path), tinted(card), tmp_path / "t.npz")

    with pytest.raises(ModelError, match="failed its self-test"):
        run_self_test(OnnxRuntime(harm(card), path), tmp_path / "t.npz")


@pytest.mark.parametrize("kind", ["embedder", "detector"])
def test_a_tiny_network_normalised_twice_is_caught(
    kind: str, request: pytest.FixtureRequest, networks: Any, tmp_path: Path
) -> None:
    card = request.getfixturevalue(f"{kind}_card")
    runtime = OnnxRuntime(card, networks.folder / card.file)
    record_self_test(runtime, tinted(card), tmp_path / "t.npz")

    with pytest.raises(ModelError, match="failed its self-test"):
        run_self_test(TwiceNormalised(runtime), tmp_path / "t.npz")


@pytest.mark.parametrize("kind", ["embedder", "detector"])
def test_another_network_of_the_same_shape_is_caught(
    kind: str, request: pytest.FixtureRequest, networks: Any, tmp_path: Path
) -> None:
    card = request.getfixturevalue(f"{kind}_card")
    runtime = OnnxRuntime(card, networks.folder / card.file)
    record_self_test(runtime, tinted(card), tmp_path / "t.npz")
    if kind == "embedder":
        other = networks.embedder(112, 128, seed=9, name="other.onnx")
    else:
        other = networks.detector(seed=9, name="other.onnx")

    with pytest.raises(ModelError, match="failed its self-test"):
        run_self_test(OnnxRuntime(card, other), tmp_path / "t.npz")


@pytest.mark.parametrize("agreement", [0.984, 0.986])
def test_the_cosine_bar_is_where_it_says(
    embedder_card: ModelCard, tmp_path: Path, agreement: float
) -> None:
    expected = np.eye(128, dtype=np.float32)[0]
    found = expected * agreement + np.eye(128, dtype=np.float32)[1] * (1 - agreement**2) ** 0.5
    pixels = tinted(embedder_card)
    record_self_test(Scripted(embedder_card, [expected]), pixels, tmp_path / "t.npz")
    runtime = Scripted(embedder_card, [(1.7 * found).astype(np.float32)])

    if agreement > 0.985:
        assert run_self_test(runtime, tmp_path / "t.npz") == pytest.approx(agreement, abs=1e-5)
    else:
        with pytest.raises(ModelError, match=r"0\.984"):
            run_self_test(runtime, tmp_path / "t.npz")


@pytest.mark.parametrize(
    "found", [[np.zeros(128, np.float32)], [np.ones(127, np.float32)], [], [np.ones(128)] * 2]
)
def test_empty_and_misshapen_answers_are_caught(
    embedder_card: ModelCard, tmp_path: Path, found: list[NDArray[np.float32]]
) -> None:
    expected = [np.ones(128, np.float32)]
    record_self_test(Scripted(embedder_card, expected), tinted(embedder_card), tmp_path / "t.npz")

    with pytest.raises(ModelError, match="failed its self-test"):
        run_self_test(Scripted(embedder_card, found), tmp_path / "t.npz")


def test_a_detector_whose_landmarks_alone_are_off_is_caught(
    detector_card: ModelCard, networks: Any, tmp_path: Path
) -> None:
    runtime = OnnxRuntime(detector_card, networks.folder / detector_card.file)
    record_self_test(runtime, tinted(detector_card), tmp_path / "t.npz")
    boxes, scores, landmarks = runtime.infer(tinted(detector_card))

    for outputs in ([boxes, scores, landmarks + 0.06], [boxes + 0.06, scores, landmarks]):
        with pytest.raises(ModelError, match="off by"):
            run_self_test(Scripted(detector_card, outputs), tmp_path / "t.npz")
    blind = [boxes, scores * 0.5, landmarks]
    with pytest.raises(ModelError, match="no longer finds"):
        run_self_test(Scripted(detector_card, blind), tmp_path / "t.npz")


def test_a_network_that_is_no_detector_is_told_so(detector_card: ModelCard, tmp_path: Path) -> None:
    outputs = [np.ones(128, np.float32)]
    record_self_test(Scripted(detector_card, outputs), tinted(detector_card), tmp_path / "t.npz")

    with pytest.raises(ModelError, match="failed its self-test"):
        run_self_test(Scripted(detector_card, outputs), tmp_path / "t.npz")


def write_garbage(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.write_bytes(b"PK\x03\x04 garbage")


def write_nothing(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.write_bytes(b"")


def write_no_pixels(path: Path, pixels: NDArray[np.uint8]) -> None:
    np.savez(path, output0=np.ones(128, np.float32))


def write_pickled_objects(path: Path, pixels: NDArray[np.uint8]) -> None:
    np.savez(path, pixels=pixels, output0=np.array([{}], dtype=object))


def write_wrong_names(path: Path, pixels: NDArray[np.uint8]) -> None:
    np.savez(path, pixels=pixels, output7=np.ones(128, np.float32))


def write_not_a_number(path: Path, pixels: NDArray[np.uint8]) -> None:
    np.savez(path, pixels=pixels, output0=np.full(128, np.nan, np.float32))


def write_text(path: Path, pixels: NDArray[np.uint8]) -> None:
    np.savez(path, pixels=pixels, output0=np.array(["a"] * 128))


def write_nowhere(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    "write",
    [
        write_garbage,
        write_nothing,
        write_no_pixels,
        write_pickled_objects,
        write_wrong_names,
        write_not_a_number,
        write_text,
        write_nowhere,
    ],
)
def test_a_damaged_file_is_refused_with_what_to_do(
    embedder_card: ModelCard, tmp_path: Path, write: Callable[[Path, Any], None]
) -> None:
    path = tmp_path / "t.npz"
    write(path, tinted(embedder_card))

    with pytest.raises(ModelError, match=r"cannot be read.*door-kiosk models import"):
        run_self_test(Scripted(embedder_card, [np.ones(128, np.float32)]), path)


def test_not_a_number_in_a_detectors_file_does_not_pass(
    detector_card: ModelCard, networks: Any, tmp_path: Path
) -> None:
    runtime = OnnxRuntime(detector_card, networks.folder / detector_card.file)
    boxes, scores, landmarks = runtime.infer(tinted(detector_card))
    outputs = {"output0": boxes * np.nan, "output1": scores, "output2": landmarks}
    np.savez(tmp_path / "t.npz", pixels=tinted(detector_card), **outputs)

    with pytest.raises(ModelError):
        run_self_test(runtime, tmp_path / "t.npz")


def test_stored_pixels_of_another_size_are_refused(
    embedder_card: ModelCard, networks: Any, tmp_path: Path
) -> None:
    runtime = OnnxRuntime(embedder_card, networks.folder / embedder_card.file)
    pixels = np.zeros((8, 8, 3), np.uint8)
    np.savez(tmp_path / "t.npz", pixels=pixels, output0=np.ones(128, np.float32))

    with pytest.raises(ModelError):
        run_self_test(runtime, tmp_path / "t.npz")


@pytest.mark.parametrize(
    ("role", "length", "off", "passes"),
    [
        ("liveness", 3, [0.0, 0.0, 0.0], True),
        ("liveness", 3, [0.02, -0.02, 0.0], True),
        ("liveness", 3, [9.0, 9.0, 9.0], True),  # adding the same to all classes changes nothing
        ("liveness", 3, [1.0, -1.0, 0.0], False),
        ("liveness", 3, [-2.0, 0.0, 2.0], False),  # as sure of "live", but on other grounds
        ("head_pose", 9, [0.02] * 9, True),
        ("head_pose", 9, [0.0] * 8 + [0.1], False),
        ("head_pose", 9, [0.0] * 8 + [-0.1], False),
    ],
)
def test_liveness_and_head_pose_are_compared_value_by_value(
    make_card: Callable[..., ModelCard],
    tmp_path: Path,
    role: str,
    length: int,
    off: list[float],
    passes: bool,
) -> None:
    answer = np.array([-1.0, 3.0, -2.0] if length == 3 else np.linspace(-0.5, 0.8, 9), np.float32)
    card = make_card(role=role, embedding_size=0)
    path = tmp_path / "test.npz"
    record_self_test(Scripted(card, [answer]), np.zeros((16, 16, 3), np.uint8), path)
    runtime = Scripted(card, [answer + np.array(off, np.float32)])
    if passes:
        assert run_self_test(runtime, path) > 0.94
    else:
        with pytest.raises(
            ModelError, match=r"tiny failed its self-test .* Import the models again"
        ):
            run_self_test(runtime, path)


MISTAKES = {
    "swapped_channels": "red and blue are swapped",
    "normalised_twice": "normalised twice",
    "not_normalised": "not normalised",
    "planes_as_pixels": r"planes \(NCHW\) taken for pixels",
    "pixels_as_planes": r"pixels \(NHWC\) taken for planes",
    "stuck": "another picture gives the same answer",
    "nan": "not numbers",
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("role", [Role.DETECTOR, Role.EMBEDDER, Role.HEAD_POSE])
def test_each_classic_mistake_is_caught_and_named(
    npu: Any, tmp_path: Path, role: Role, mistake: str
) -> None:
    pack = embedded_pack()
    board = npu.FakeBoard(tmp_path / "root")
    converted = board.convert(pack, tmp_path / "files")
    card = converted.card(role)
    soc = read_soc(board.root)
    assert soc is not None
    board.mistake = mistake
    path = converted.folder / card.file
    runtime = RknnRuntime(card, path, soc, api=board.make, root=board.root)
    stuck = "|does not renew" if mistake == "stuck" else ""

    with pytest.raises(ModelError, match=MISTAKES[mistake] + stuck):
        run_self_test(runtime, converted.self_test(card))
    runtime.close()


@pytest.mark.parametrize("mistake", ["swapped_channels", "planes_as_pixels", "pixels_as_planes"])
def test_so_it_is_where_nothing_is_normalised(npu: Any, tmp_path: Path, mistake: str) -> None:
    board = npu.FakeBoard(tmp_path / "root")
    converted = board.convert(embedded_pack(), tmp_path / "files")
    card = converted.card(Role.LIVENESS)
    soc = read_soc(board.root)
    assert soc is not None
    board.mistake = mistake
    path = converted.folder / card.file
    runtime = RknnRuntime(card, path, soc, api=board.make, root=board.root)

    with pytest.raises(ModelError, match=MISTAKES[mistake]):
        run_self_test(runtime, converted.self_test(card))
    runtime.close()


@pytest.mark.parametrize("role", [Role.DETECTOR, Role.EMBEDDER])
@pytest.mark.parametrize("mistake", list(MISTAKES)[:5])
def test_each_mistake_is_named_on_the_real_networks(
    shared: Path, npu: Any, tmp_path: Path, role: Role, mistake: str
) -> None:
    card = find_card(role)
    pack = Pack(shared / "models", (card,))
    board = npu.FakeBoard(tmp_path / "root")
    shutil.copyfile(stored(card), tmp_path / f"{card.name}.selftest.npz")
    network = tmp_path / card.file
    network.write_bytes((pack.folder / card.file).read_bytes())
    converted = board.convert(Pack(tmp_path, (card,)), tmp_path / "files")
    soc = read_soc(board.root)
    assert soc is not None
    board.mistake = mistake
    made = converted.card(role)
    path = converted.folder / made.file
    runtime = RknnRuntime(made, path, soc, api=board.make, root=board.root)

    with pytest.raises(ModelError, match=MISTAKES[mistake]):
        run_self_test(runtime, converted.self_test(made))
    runtime.close()


@pytest.mark.parametrize("mistake", ["nearly_stuck", "huge", "behind", "drifts"])
@pytest.mark.parametrize("role", [Role.DETECTOR, Role.EMBEDDER])
def test_what_only_resembles_the_right_answer_is_caught(
    npu: Any, tmp_path: Path, role: Role, mistake: str
) -> None:
    board = npu.FakeBoard(tmp_path / "root")
    converted = board.convert(embedded_pack(), tmp_path / "files")
    card = converted.card(role)
    soc = read_soc(board.root)
    assert soc is not None
    runtime = RknnRuntime(card, converted.folder / card.file, soc, api=board.make, root=board.root)
    assert run_self_test(runtime, converted.self_test(card)) > 0.999
    board.mistake = mistake

    with pytest.raises(ModelError):
        run_self_test(runtime, converted.self_test(card))
    runtime.close()


def test_a_detector_that_sees_faces_everywhere_is_caught(
    detector_card: ModelCard, networks: Any, tmp_path: Path
) -> None:
    anchors = 200
    scores = np.full((anchors, 2), (0.95, 0.05), np.float32)
    scores[:32] = (0.1, 0.9)
    boxes, points = np.ones((anchors, 4), np.float32), np.ones((anchors, 10), np.float32)
    record_self_test(
        Scripted(detector_card, [boxes, scores, points]), tinted(detector_card), tmp_path / "t.npz"
    )
    everywhere = scores.copy()
    everywhere[32:] = (0.1, 0.9)

    with pytest.raises(ModelError, match="where there are none"):
        run_self_test(Scripted(detector_card, [boxes, everywhere, points]), tmp_path / "t.npz")


def test_frozen_landmarks_beside_living_scores_are_caught(
    detector_card: ModelCard, networks: Any, tmp_path: Path
) -> None:
    right = OnnxRuntime(detector_card, networks.folder / detector_card.file)
    record_self_test(right, tinted(detector_card), tmp_path / "t.npz")

    class Frozen(Scripted):
        def infer(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
            boxes, scores, _ = right.infer(pixels)
            return [boxes, scores, self.outputs[2]]

    with pytest.raises(ModelError, match="stuck"):
        run_self_test(Frozen(detector_card, right.infer(tinted(detector_card))), tmp_path / "t.npz")


def test_an_answer_that_lags_one_picture_behind_is_caught(
    embedder_card: ModelCard, networks: Any, tmp_path: Path
) -> None:
    right = OnnxRuntime(embedder_card, networks.folder / embedder_card.file)

    class Lagging(Scripted):
        def infer(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
            before, self.outputs = self.outputs, right.infer(pixels)
            return before

    record_self_test(right, tinted(embedder_card), tmp_path / "t.npz")

    with pytest.raises(ModelError, match="failed its self-test"):
        run_self_test(
            Lagging(embedder_card, right.infer(tinted(embedder_card))), tmp_path / "t.npz"
        )
