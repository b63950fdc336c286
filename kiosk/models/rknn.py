"""Networks on a Rockchip NPU behind the pixel seam. The only file that imports the vendor's code.

One adapter for rknn-toolkit-lite2 (RK3588 and its family) and for the older rknn-toolkit-lite of
the RK1808. Both return None or -1 instead of raising, take garbage for a network, and hand out the
last outputs when a run failed; so nothing is believed here: the file is read first, every picture
is checked before a run, and every answer after it.

Normalisation is inside the converted file. The picture goes in as raw bytes in the colour order
that the network was trained on.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.board.soc import Soc
from kiosk.domain import Pixels
from kiosk.errors import ModelError
from kiosk.models.card import ModelCard, Role
from kiosk.models.heads import head_shapes, merge_heads
from kiosk.models.lane import HangingLane, LaneHungError
from kiosk.models.npuhost import NpuHost, explain, inspect_host, missing_wrapper, refuse_unfit
from kiosk.models.rknnfile import RknnFile, read_rknn

_log = logging.getLogger(__name__)

START_TIMEOUT_S = 6.0
RUN_TIMEOUT_S = 2.0
_CLOSE_TIMEOUT_S = 2.0
_MAX_HUNG = 3
_MIN_NORM = 1e-6
_MAX_VALUE = 1e6
_REMEMBERED = 4
# Rounding makes two answers to one picture differ by less, and the noise of a camera by more.
_ALIKE = 1e-4
_AUTO = 0
_CORES = {Role.DETECTOR: 1, Role.EMBEDDER: 2}
_THIRD_CORE = 4
_LOGGERS = ("acuityLogger", "")
"""What the wrapper logs to; its logger does not pass records on to the root."""
_NO_REASON = "Catch exception"

Outputs = list[NDArray[np.float32]]
Api = Callable[[], Any]
"""Makes the vendor's object, ``RKNNLite()``."""


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """A picture and its answer; ``is_probe``: a negative, shown to see whether answers renew."""

    pixels: Pixels
    outputs: Outputs
    is_probe: bool = False


class RknnRuntime:
    """One converted network in one context, on a thread of its own."""

    def __init__(
        self,
        card: ModelCard,
        path: Path,
        soc: Soc,
        *,
        is_attached: bool = False,
        core_mask: int | None = None,
        api: Api | None = None,
        root: Path = Path("/"),
        start_timeout_s: float = START_TIMEOUT_S,
        run_timeout_s: float = RUN_TIMEOUT_S,
    ) -> None:
        """Start ``path`` on the NPU of ``soc``; ``is_attached``: a compute stick on this computer.

        ``core_mask`` as the vendor defines it takes the place of the choice by role. ``api`` makes
        the vendor's object, ``root`` is where the board's files are looked for. Raises ModelError
        when the file, the library, the driver or the chip does not fit.
        """
        if HangingLane.left_behind() >= _MAX_HUNG:
            raise ModelError(
                f"The NPU has hung {HangingLane.left_behind()} times. Restart the computer; if it "
                "goes on, check its power supply and cooling."
            )
        self._card = card
        self._run_timeout_s = run_timeout_s
        self._file = _description(path, soc)
        self._shapes = _expected_shapes(card, self._file, path)
        host = inspect_host(soc, root)
        refuse_unfit(host, self._file, path.name)
        api = api or _find_api(soc)
        self._past: deque[_Past] = deque(maxlen=_REMEMBERED)
        self._broken = ""
        self.sdk_version = ""
        mask = default_core_mask(card.role, soc) if core_mask is None else core_mask
        self._lane = HangingLane(f"npu {card.role.value}")
        self._rknn: Any = None
        try:
            self._lane.call(
                lambda: self._start(api, path, host, mask, is_attached), start_timeout_s
            )
        except LaneHungError as error:
            self.close()
            raise ModelError(
                f"{path.name}: the NPU did not start within {start_timeout_s:g} s. Restart the "
                "computer; if it goes on, see: door-kiosk doctor."
            ) from error
        except BaseException:
            self.close()
            raise

    @property
    def card(self) -> ModelCard:
        return self._card

    def infer(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        """Run the network as :meth:`Runtime.infer` says.

        After a failure the context is not used again: it has to be loaded anew.
        """
        card = self._card
        expected = (card.height_px, card.width_px, 3)
        if pixels.shape != expected or pixels.dtype != np.uint8:
            raise ModelError(
                f"{card.name} takes uint8 {expected}, not {pixels.dtype} {pixels.shape}."
            )
        if self._broken:
            raise ModelError(self._broken)
        try:
            outputs = self._run(pixels)
            if self._is_known(pixels, outputs):
                outputs = self._run_again(pixels, outputs)
        except LaneHungError as error:
            raise self._failed(f"did not answer within {self._run_timeout_s:g} s") from error
        self._past.append(_Past(pixels.copy(), outputs))
        if card.cut_heads:
            return merge_heads(outputs, card.width_px, card.height_px)
        return [output.copy() for output in outputs]

    def close(self) -> None:
        """Free the context. A hung one is left behind with its thread."""
        self._broken = self._broken or f"{self._card.name} has been closed."
        lane, self._lane = self._lane, _CLOSED
        if not lane.close(self._release, _CLOSE_TIMEOUT_S):
            _log.error("%s hangs in the NPU's driver; left behind", self._card.name)

    # --- on the lane's thread ---------------------------------------------------------------------

    def _start(
        self, api: Api, path: Path, host: NpuHost, core_mask: int, is_attached: bool
    ) -> None:
        with _ErrorOutput() as said:
            ready, trouble = -1, None
            try:
                self._rknn = rknn = api()
                offered = inspect.signature(rknn.init_runtime).parameters
                wanted: dict[str, Any] = {"target": host.soc.name} if is_attached else {}
                if core_mask != _AUTO and "core_mask" in offered:
                    wanted["core_mask"] = core_mask
                if rknn.load_rknn(str(path)) == 0:
                    ready = rknn.init_runtime(**wanted)
            # Beside returning -1 it raises whatever its own parts raise, e.g. AttributeError for a
            # library that lacks a function.
            except Exception as error:
                trouble = error
        if trouble is not None or ready != 0:
            what = said.text if trouble is None else f"{type(trouble).__name__}: {trouble}"
            raise explain(host, self._file, path.name, what) from trouble
        # The wrapper keeps the file's bytes beside the library's copy of them.
        if hasattr(rknn, "rknn_data"):
            rknn.rknn_data = None
        self.sdk_version = " ".join(_sdk_version(rknn).replace("=", " ").split())
        _log.info(
            "%s on %s, core mask %d; %s", path.name, host.soc.name, core_mask, self.sdk_version
        )

    def _infer(self, batch: Pixels) -> Any:
        return self._rknn.inference(inputs=[batch], data_format=["nhwc"])

    def _release(self) -> None:
        if self._rknn is not None:
            self._rknn.release()
            self._rknn = None

    # --- what it answers --------------------------------------------------------------------------

    def _run(self, pixels: Pixels) -> list[NDArray[np.float32]]:
        ordered = pixels if self._card.colour_order == "BGR" else pixels[..., ::-1]
        batch = np.ascontiguousarray(ordered)[None]
        try:
            answer = self._lane.call(lambda: self._infer(batch), self._run_timeout_s)
        except LaneHungError:
            raise
        except Exception as error:
            raise self._failed(f"failed to run ({type(error).__name__}: {error})") from error
        if answer is None:
            raise self._failed("failed to run; the error output says more")
        return self._checked(answer)

    def _checked(self, answer: Any) -> list[NDArray[np.float32]]:
        if not isinstance(answer, (list, tuple)) or not all(
            isinstance(output, np.ndarray) and output.dtype == np.float32 for output in answer
        ):
            raise self._failed("returned something else than arrays of float32")
        shapes = [output.shape for output in answer]
        if self._shapes is not None and shapes != self._shapes:
            raise self._failed(f"returned the shapes {shapes} instead of {self._shapes}")
        for output in answer:
            if not math.isfinite(float(output.sum(dtype=np.float64))):
                raise self._failed("returned values that are not numbers")
            largest = float(np.abs(output).max(initial=0.0))
            if largest > _MAX_VALUE:
                raise self._failed(f"returned a value of {largest:.0e}")
            if not largest > _MIN_NORM:
                raise self._failed("returned nothing but zeros")
        return [output[0] for output in answer]

    def _is_known(self, pixels: Pixels, outputs: Outputs, among_probes: bool = True) -> bool:
        """Tell whether the answer was given to another picture before."""
        return any(
            _are_alike(outputs, past.outputs) and not np.array_equal(past.pixels, pixels)
            for past in self._past
            if among_probes or not past.is_probe
        )

    def _run_again(self, pixels: Pixels, outputs: Outputs) -> Outputs:
        """Return a fresh answer in the place of one that may be an old one.

        Two pictures that hardly differ may have the same answer; a picture and its negative may
        not, nor may that negative have an answer from before, and one picture may not have two.
        Raises ModelError when they have.
        """
        negative = 255 - pixels
        other = self._run(negative)
        # The negatives of two pictures that hardly differ hardly differ either.
        is_old = self._is_known(negative, other, among_probes=False)
        self._past.append(_Past(negative, other, is_probe=True))
        again = self._run(pixels)
        if is_old or _are_alike(other, again) or not _are_alike(outputs, again):
            raise self._failed("does not renew its answer from one picture to the next")
        return again

    def _failed(self, what: str) -> ModelError:
        self._broken = f"{self._card.name} on the NPU {what}. It is started anew."
        return ModelError(self._broken)


class _ClosedLane:
    """In the place of a thread that has ended."""

    def call(self, work: Callable[[], object], timeout_s: float) -> Any:
        raise LaneHungError

    def close(self, last: Callable[[], object], timeout_s: float) -> bool:
        return True


_CLOSED: Any = _ClosedLane()


class _ErrorOutput:
    """Collects what the wrapper logs while it starts: its return value only says -1.

    What the C library itself writes goes past Python to the error output.
    """

    def __init__(self) -> None:
        self.text = ""
        self._handler = logging.Handler(logging.WARNING)
        self._lines: list[str] = []
        self._thread_id = threading.get_ident()
        self._handler.emit = self._take  # type: ignore[method-assign]

    def __enter__(self) -> _ErrorOutput:
        for name in _LOGGERS:
            logging.getLogger(name).addHandler(self._handler)
        return self

    def __exit__(self, *_: object) -> None:
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(self._handler)
        # The reason stands in the last line of a traceback.
        self.text = self._lines[-1][:300] if self._lines else ""

    def _take(self, record: logging.LogRecord) -> None:
        # Other networks may be starting on their own threads.
        if record.thread != self._thread_id:
            return
        lines = [line.strip() for line in record.getMessage().splitlines()]
        self._lines += [line for line in lines if line and not line.startswith(_NO_REASON)][-1:]


def default_core_mask(role: Role, soc: Soc) -> int:
    """Return the core of a role: detector and embedder apart, the rest on the third if any.

    AUTO (0) on a chip with one core, where any other mask is refused.
    """
    if not soc.takes_core_mask:
        return _AUTO
    return _CORES.get(role, _THIRD_CORE if soc.npu_cores > 2 else _AUTO)


def _description(path: Path, soc: Soc) -> RknnFile | None:
    try:
        return read_rknn(path)
    except ModelError:
        # The older toolkit's files are not documented; their digest has been compared.
        if soc.generation == 1 and path.is_file():
            return None
        raise


def _expected_shapes(
    card: ModelCard, file: RknnFile | None, path: Path
) -> list[tuple[int, ...]] | None:
    """Return the outputs' shapes, batch included; None where nothing is known about them.

    Raises ModelError when the card and the file do not agree.
    """
    if file is not None:
        wanted = (1, 3, card.height_px, card.width_px)
        if file.inputs != (wanted,):
            raise ModelError(
                f"{path.name} takes {list(file.inputs)}, but its card says one input {wanted}."
            )
    if card.cut_heads:
        known: Sequence[tuple[int, ...]] | None = [
            (1, *shape) for shape in head_shapes(card.width_px, card.height_px)
        ]
    elif card.role is Role.EMBEDDER:
        known = [(1, card.embedding_size)]
    else:
        known = None
    if file is None:
        return list(known) if known is not None else None
    if known is not None and list(file.outputs) != list(known):
        raise ModelError(
            f"{path.name} gives {list(file.outputs)}, but its card says {list(known)}."
        )
    return list(file.outputs)


def _find_api(soc: Soc) -> Api:
    """Return the wrapper for a chip's generation. Raises ModelError when it is not installed."""
    try:
        api: Api = importlib.import_module("rknnlite.api").RKNNLite
    except ImportError as error:
        # Not the other generation's: it would take its own files only.
        raise missing_wrapper(soc) from error
    is_second = "core_mask" in inspect.signature(api.init_runtime).parameters  # type: ignore[attr-defined]
    if is_second != (soc.generation == 2):
        raise missing_wrapper(soc)
    return api


def _sdk_version(rknn: Any) -> str:
    try:
        return str(rknn.get_sdk_version() or "")
    except Exception:  # for the log only
        return ""


def _are_alike(first: Outputs, second: Outputs) -> bool:
    """Tell whether two answers differ by no more than rounding."""
    return all(
        mine.shape == theirs.shape
        and float(np.linalg.norm(mine - theirs)) <= _ALIKE * float(np.linalg.norm(mine))
        for mine, theirs in zip(first, second, strict=True)
    )
