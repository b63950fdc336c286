"""The NPU adapter believes nothing that the vendor's wrapper says."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.board.soc import Soc, attached_soc, read_soc
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.models.lane import HangingLane
from kiosk.models.npuhost import inspect_host, refuse_unfit
from kiosk.models.onnx import OnnxRuntime
from kiosk.models.pack import Pack, embedded_pack
from kiosk.models.rknn import RknnRuntime, default_core_mask
from kiosk.models.rknnfile import read_rknn


@pytest.fixture
def board(npu: Any, tmp_path: Path) -> Any:
    board = npu.FakeBoard(tmp_path / "root")
    yield board
    board.let_go.set()


@pytest.fixture
def pack(board: Any, tmp_path: Path) -> Pack:
    return board.convert(embedded_pack(), tmp_path / "converted")


@pytest.fixture
def start(board: Any, pack: Pack) -> Any:
    """Start a network of the pack on the fake board; what is started is closed in the end."""
    started: list[RknnRuntime] = []

    def start(role: Role = Role.EMBEDDER, **changes: Any) -> RknnRuntime:
        card = changes.pop("card", pack.card(role))
        soc = read_soc(board.root)
        assert soc is not None
        wanted = {"api": board.make, "root": board.root, "run_timeout_s": 5.0} | changes
        runtime = RknnRuntime(card, pack.folder / card.file, soc, **wanted)
        started.append(runtime)
        return runtime

    yield start
    board.let_go.set()
    for runtime in started:
        runtime.close()


@pytest.fixture
def picture(npu: Any, pack: Pack) -> Callable[..., Any]:
    def draw(role: Role = Role.EMBEDDER, seed: int = 0) -> Any:
        return npu.draw_picture(pack.card(role), seed)

    return draw


@pytest.mark.parametrize("role", list(Role))
def test_it_answers_as_the_network_does_elsewhere(start: Any, picture: Any, role: Role) -> None:
    whole = embedded_pack()
    pixels = picture(role)

    found = start(role).infer(pixels)

    expected = OnnxRuntime(whole.card(role), whole.file(whole.card(role))).infer(pixels)
    assert [output.shape for output in found] == [output.shape for output in expected]
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-3)


@pytest.mark.parametrize(
    ("role", "soc", "mask"),
    [
        (Role.DETECTOR, "rk3588", 1),
        (Role.EMBEDDER, "rk3588", 2),
        (Role.LIVENESS, "rk3588", 4),
        (Role.DETECTOR, "rk3576", 1),
        (Role.EMBEDDER, "rk3576", 2),
        (Role.LIVENESS, "rk3576", 0),
        (Role.DETECTOR, "rk3566", 0),
        (Role.EMBEDDER, "rk3562", 0),
    ],
)
def test_each_role_has_its_core_where_masks_are_taken(
    npu: Any, tmp_path: Path, role: Role, soc: str, mask: int
) -> None:
    board = npu.FakeBoard(tmp_path / "other", soc)
    pack = board.convert(embedded_pack(), tmp_path / "files")
    chip = read_soc(board.root)
    assert chip is not None and default_core_mask(role, chip) == mask

    card = pack.card(role)
    RknnRuntime(card, pack.folder / card.file, chip, api=board.make, root=board.root).close()

    assert board.masks == [mask]


def test_a_context_lives_on_one_thread_and_is_freed(board: Any, start: Any, picture: Any) -> None:
    first, second = start(Role.DETECTOR), start(Role.EMBEDDER)
    first.infer(picture(Role.DETECTOR))
    second.infer(picture())
    assert board.contexts == 2
    first.close()
    second.close()

    assert board.contexts == 0
    assert {name for _, name in board.threads} == {"npu detector", "npu embedder"}
    with pytest.raises(ModelError, match="closed"):
        first.infer(picture(Role.DETECTOR))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((111, 112, 3), np.uint8),
        np.zeros((3, 112, 112), np.uint8),
        np.zeros((112, 112, 3), np.float32),
        np.zeros((1, 112, 112, 3), np.uint8),
    ],
)
def test_a_picture_that_does_not_fit_never_reaches_the_wrapper(
    board: Any, start: Any, wrong: Any
) -> None:
    runtime = start()

    with pytest.raises(ModelError, match="takes uint8"):
        runtime.infer(wrong)
    assert ("run", "npu embedder") not in board.threads


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("fails", "failed to run"),
        ("run_fails", "does not renew its answer"),
        ("stuck", "does not renew its answer"),
        ("nan", "not numbers"),
        ("nearly_stuck", "does not renew its answer"),
        ("huge", "a value of"),
        ("zeros", "nothing but zeros"),
        ("float64", "float32"),
        ("fewer", "shapes"),
        ("misshapen", "shapes"),
    ],
)
def test_a_bad_answer_is_a_fault_and_the_context_is_not_used_again(
    board: Any, start: Any, picture: Any, mistake: str, words: str
) -> None:
    runtime = start()
    runtime.infer(picture(seed=1))
    board.mistake = mistake

    with pytest.raises(ModelError, match=words):
        runtime.infer(picture(seed=2))
    board.mistake = ""
    with pytest.raises(ModelError, match=words):
        runtime.infer(picture(seed=3))

    fresh = start()
    assert np.isfinite(fresh.infer(picture(seed=3))[0]).all()


def test_old_answers_in_turn_are_not_taken_for_new_ones(
    board: Any, start: Any, picture: Any
) -> None:
    runtime = start()
    for seed in (1, 2):
        runtime.infer(picture(seed=seed))
    board.mistake = "alternates"

    with pytest.raises(ModelError, match="does not renew its answer"):
        for seed in (3, 4, 5):
            runtime.infer(picture(seed=seed))


def test_a_coarse_network_before_a_still_scene_is_no_fault(
    board: Any, start: Any, picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 8 bits, pictures that differ by the camera's noise have the same answer."""
    execute = type(board.make())._execute

    def coarse(self: Any, pixels: Any) -> Any:
        return [np.round(output / 2) * 2 + 1 for output in execute(self, pixels)]

    monkeypatch.setattr(type(board.make()), "_execute", coarse)
    runtime, still = start(), picture(seed=1)
    answers = []
    for column in range(12):
        noisy = still.copy()
        noisy[5, column] ^= 1
        answers.append(runtime.infer(noisy)[0])

    assert all(np.array_equal(answers[0], answer) for answer in answers)


def test_a_failed_run_in_between_is_never_handed_on(board: Any, start: Any, picture: Any) -> None:
    whole = embedded_pack()
    right = OnnxRuntime(whole.card(Role.EMBEDDER), whole.file(whole.card(Role.EMBEDDER)))
    runtime = start()
    runtime.infer(picture(seed=1))
    for seed in range(2, 6):
        board.mistake = "run_fails" if seed % 2 else ""
        try:
            found = runtime.infer(picture(seed=seed))
        except ModelError as error:
            assert "does not renew" in str(error)
            break
        np.testing.assert_allclose(found[0], right.infer(picture(seed=seed))[0], atol=1e-3)
    else:
        pytest.fail("a failed run was not noticed")


def test_a_frozen_camera_is_not_taken_for_a_frozen_npu(start: Any, picture: Any) -> None:
    runtime = start()

    answers = [runtime.infer(picture(seed=1))[0] for _ in range(3)]

    assert np.array_equal(answers[0], answers[2])


def test_a_run_that_hangs_is_given_up_in_time(
    board: Any, start: Any, picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HangingLane, "_left_behind", 0)
    runtime = start(run_timeout_s=0.05)
    board.mistake = "hangs"

    with pytest.raises(ModelError, match=r"did not answer within 0\.05 s"):
        runtime.infer(picture())
    runtime.close()
    board.mistake = ""
    assert start().infer(picture())[0].shape == (128,)

    assert HangingLane.left_behind() == 1
    board.let_go.set()
    deadline = time.monotonic() + 5
    while HangingLane.left_behind() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert HangingLane.left_behind() == 0


def test_an_npu_that_hangs_at_the_start_is_given_up(
    board: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HangingLane, "_left_behind", 0)
    board.mistake = "hangs_at_start"

    with pytest.raises(ModelError, match=r"did not start within 0\.05 s"):
        start(start_timeout_s=0.05)
    board.let_go.set()


def test_after_three_hangs_only_a_restart_is_advised(
    board: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HangingLane, "_left_behind", 3)

    with pytest.raises(ModelError, match="Restart the computer"):
        start()
    assert board.threads == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda b: b[:0], "is not a network converted"),
        (lambda b: b"garbage", "is not a network converted"),
        (lambda b: b[:-5], "cut off or damaged"),
        (lambda b: b[: len(b) // 2], "cut off or damaged"),
        (lambda b: b[:64], "cut off or damaged"),
        (lambda b: b[:16] + b"\xff" * 8 + b[24:], "cut off or damaged"),
        (lambda b: b.replace(b'"norm_tensor"', b'"form_tensor"'), "cut off or damaged"),
    ],
)
def test_a_bad_file_is_refused_before_the_wrapper_sees_it(
    board: Any, start: Any, pack: Pack, spoil: Callable[[bytes], bytes], words: str
) -> None:
    path = pack.folder / pack.card(Role.EMBEDDER).file
    path.write_bytes(spoil(path.read_bytes()))

    with pytest.raises(ModelError, match=words):
        start()
    assert board.threads == []


def test_a_card_that_does_not_fit_the_file_is_refused(start: Any, pack: Pack) -> None:
    card = pack.card(Role.EMBEDDER)
    with pytest.raises(ModelError, match="its card says one input"):
        start(card=dataclasses.replace(card, width_px=96, height_px=96))
    with pytest.raises(ModelError, match="its card says"):
        start(card=dataclasses.replace(card, embedding_size=512))


def remove_library(board: Any) -> None:
    board.remove("usr/lib/librknnrt.so")


def start_in_a_container_without_the_device(board: Any) -> None:
    board.write(".dockerenv", "")
    board.remove("dev/dri/renderD129")


def load_mainline_driver(board: Any) -> None:
    board.remove("sys/module/rknpu/version")
    board.write("sys/module/rocket/initstate", "live")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (remove_library, r"librknnrt\.so is missing.*sudo curl .*librknnrt\.so"),
        (start_in_a_container_without_the_device, "container.*--device /dev/dri/renderD129"),
        (load_mainline_driver, r"mainline kernel.*vendor's kernel 5\.10 or 6\.1"),
    ],
)
def test_what_the_board_lacks_is_named_with_what_to_do(
    board: Any, start: Any, harm: Callable[[Any], None], words: str
) -> None:
    harm(board)

    with pytest.raises(ModelError, match=words):
        start()
    assert board.threads == []


def test_a_network_for_another_chip_is_refused(board: Any, start: Any) -> None:
    board.write("proc/device-tree/compatible", "rockchip,rk3576\0")

    with pytest.raises(ModelError, match=r"converted for rk3588 .*this rk3576.*rk3576"):
        start()


@pytest.mark.parametrize(
    ("said", "setting", "words"),
    [
        ("", ("sys/module/rknpu/version", "0.9.2"), r"driver 0\.9\.2 is too old.*2\.5\.0"),
        ("", ("usr/lib/librknnrt.so", "librknnrt version: 2.0.0"), r"newer than the library 2\.0"),
        ("error code: RKNN_ERR_TARGET_PLATFORM_UNMATCH", None, "another chip"),
        ("error code: RKNN_ERR_DEVICE_UNAVAILABLE", None, "groups render and video"),
        ("error code: RKNN_ERR_MODEL_INVALID", None, "cannot read it.*librknnrt"),
        ("OSError: /usr/lib/librknnrt.so: file too short", None, "not the library for this"),
        ("something else", None, "something else"),
    ],
)
def test_a_refusal_of_the_library_is_explained(
    board: Any, start: Any, said: str, setting: tuple[str, str] | None, words: str
) -> None:
    board.mistake, board.said = "refuses", said
    if setting is not None:
        board.write(*setting)

    with pytest.raises(ModelError, match=words):
        start()
    assert board.contexts == 0


def test_without_the_wrapper_the_line_that_installs_it_is_given(pack: Pack, board: Any) -> None:
    card = pack.card(Role.EMBEDDER)
    soc = read_soc(board.root)
    assert soc is not None
    with pytest.raises(ModelError, match=r"pip install 'door-kiosk\[rknn\]'"):
        RknnRuntime(card, pack.folder / card.file, soc, root=board.root)


class OlderWrapper:
    """``RKNNLite`` of rknn-toolkit-lite 1.7.5: other parameters, the same way to fail."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.asked: dict[str, Any] = {}

    def load_rknn(self, path: str, load_model_in_npu: bool = False) -> int:
        return int(self._network.load_rknn(path))

    def init_runtime(
        self,
        target: str | None = None,
        target_sub_class: str | None = None,
        device_id: str | None = None,
        perf_debug: bool = False,
        eval_mem: bool = False,
        async_mode: bool = False,
        rknn2precompile: bool = False,
    ) -> int:
        self.asked["target"] = target
        return int(self._network.init_runtime())

    def inference(
        self,
        inputs: Any,
        data_type: Any = None,
        data_format: Any = None,
        inputs_pass_through: Any = None,
        get_frame_id: bool = False,
    ) -> Any:
        self.asked["format"] = data_format
        return self._network.inference(inputs)

    def get_sdk_version(self) -> str:
        return "1.7.5"

    def release(self) -> None:
        self._network.release()


@pytest.mark.parametrize(("is_attached", "target"), [(True, "rk1808"), (False, None)])
def test_the_older_generation_is_driven_through_the_same_seam(
    npu: Any, tmp_path: Path, is_attached: bool, target: str | None
) -> None:
    board = npu.FakeBoard(tmp_path / "old", "rk1808")
    board.remove("usr/lib/librknnrt.so")
    pack = board.convert(embedded_pack(), tmp_path / "files")
    card = pack.card(Role.EMBEDDER)
    older = OlderWrapper(board.make())
    soc = attached_soc("rk1808")
    assert isinstance(soc, Soc)

    runtime = RknnRuntime(
        card,
        pack.folder / card.file,
        soc,
        is_attached=is_attached,
        api=lambda: older,
        root=board.root,
    )
    answer = runtime.infer(npu.draw_picture(card))
    runtime.close()

    assert answer[0].shape == (128,)
    assert older.asked == {"target": target, "format": ["nhwc"]}


def test_of_an_older_file_that_cannot_be_read_the_card_is_believed(
    npu: Any, tmp_path: Path
) -> None:
    board = npu.FakeBoard(tmp_path / "old", "rk1808")
    pack = board.convert(embedded_pack(), tmp_path / "files")
    card: ModelCard = pack.card(Role.EMBEDDER)
    path = pack.folder / card.file
    network = board.make()
    network.load_rknn(str(path))
    whole = path.read_bytes()
    path.write_bytes(b"VPMN" + whole[4:])
    soc = attached_soc("rk1808")
    assert soc is not None
    runtime = RknnRuntime(card, path, soc, api=lambda: OlderWrapper(network), root=board.root)

    assert runtime.infer(npu.draw_picture(card))[0].shape == (128,)
    runtime.close()


def test_without_permission_the_group_is_named(board: Any) -> None:
    soc = read_soc(board.root)
    assert soc is not None
    asked: list[Path] = []

    def may_not(node: Path) -> bool:
        asked.append(node)
        return False

    host = inspect_host(soc, board.root, may_not)

    assert asked == [board.root / "dev/dri/renderD129"]
    with pytest.raises(ModelError, match=r"No permission .*renderD129.*usermod -aG \w+ \$USER"):
        refuse_unfit(host, None, "x.rknn")


def test_what_is_found_on_a_board_and_on_none(board: Any, tmp_path: Path) -> None:
    soc = read_soc(board.root)
    assert soc is not None

    here, nowhere = inspect_host(soc, board.root), inspect_host(soc, tmp_path / "nothing")

    assert (here.library, here.driver, here.has_mainline_driver) == ("2.5.0", "0.9.8", False)
    assert here.device == board.root / "dev/dri/renderD129"
    assert (nowhere.library, nowhere.driver, nowhere.device) == (None, None, None)
    board.write("usr/lib/librknnrt.so", "")
    assert inspect_host(soc, board.root).library == ""


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "x.rknn"
    path.write_bytes(b"RKNN" + data)
    with contextlib.suppress(ModelError):
        read_rknn(path)


@given(at=st.integers(0, 4000), what=st.integers(0, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_flipped_byte_is_refused_or_read(pack: Pack, at: int, what: int) -> None:
    path = pack.folder / pack.card(Role.LIVENESS).file
    whole = path.read_bytes()
    spoilt = bytearray(whole)
    spoilt[-1 - at] = what
    path.write_bytes(spoilt)
    try:
        with contextlib.suppress(ModelError):
            read_rknn(path)
    finally:
        path.write_bytes(whole)


class Raising:
    """A wrapper whose own parts raise, which it does not catch."""

    def __init__(self, network: Any, where: str) -> None:
        self._network, self._where = network, where

    def _may(self, where: str) -> None:
        if where == self._where:
            raise AttributeError("undefined symbol: rknn_set_input_shapes")

    def load_rknn(self, path: str) -> int:
        self._may("load")
        return int(self._network.load_rknn(path))

    def init_runtime(self, core_mask: int = 0) -> int:
        self._may("init")
        return int(self._network.init_runtime(core_mask=core_mask))

    def inference(self, inputs: Any, data_format: Any) -> Any:
        self._may("run")
        return self._network.inference(inputs)

    def get_sdk_version(self) -> str:
        self._may("version")
        return "===== 2.5.0 ====="

    def release(self) -> None:
        self._network.release()


@pytest.mark.parametrize("where", ["load", "init"])
def test_what_the_wrapper_raises_at_the_start_is_a_fault(
    board: Any, start: Any, where: str
) -> None:
    with pytest.raises(ModelError, match="cannot be started on the NPU"):
        start(api=lambda: Raising(board.make(), where))


def test_what_the_wrapper_raises_in_a_run_is_a_fault(board: Any, start: Any, picture: Any) -> None:
    runtime = start(api=lambda: Raising(board.make(), "run"))

    with pytest.raises(ModelError, match=r"failed to run .*rknn_set_input_shapes"):
        runtime.infer(picture())


def test_the_version_is_for_the_log_only(board: Any, start: Any) -> None:
    assert start(api=lambda: Raising(board.make(), "version")).sdk_version == ""
    assert start(api=lambda: Raising(board.make(), "")).sdk_version == "2.5.0"
