"""The networks in use: loaded when they are needed, given up when one fails, and said so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kiosk.config import Config
from kiosk.domain import EventKind
from kiosk.errors import ModelError
from kiosk.facemodels import SIMULATED_ONLY, load_face_models
from kiosk.faultboard import Fault, FaultBoard
from kiosk.models.pack import Pack
from kiosk.pipeline import FaceModels

_SAME_FAULT_MS = 600_000
_NO_LIVENESS = (
    "The face models have no liveness network: a photograph may open the door. Import one that "
    'has, or set policy = "off" in the section [liveness] of the settings.'
)


class ModelKeeper:
    """Used by the recognition thread; what is read of it elsewhere is read at once."""

    def __init__(
        self,
        board: FaultBoard,
        record: Callable[[EventKind, str], None],
        config: Config,
        source: Pack | Path,
        *,
        drives_real_door: bool,
        wants_liveness: bool,
        now_ms: Callable[[], int],
    ) -> None:
        """``source`` is a pack, or the folder of the imported ones. Nothing is loaded yet."""
        self._board, self._record, self._now_ms = board, record, now_ms
        self._config, self._source = config, source
        self._drives_real_door, self._wants_liveness = drives_real_door, wants_liveness
        self._fault, self._fault_at_ms = "", 0
        self.models: FaceModels | None = None
        self.is_barred = False
        """The networks know simulated people only, and the door is a real one."""

    @property
    def refusal(self) -> str:
        """Why the door must not be driven with these networks; empty when it may."""
        return SIMULATED_ONLY if self.is_barred else ""

    def ready(self) -> FaceModels:
        """Return the networks, loaded anew after a fault. Raises ModelError."""
        if self.models is None or self._board.has(Fault.MODELS):
            self.free()
            self.models = self._load()
        return self.models

    def failed(self, error: ModelError) -> None:
        """Show what is wrong, and log what is new."""
        said, now_ms = str(error), self._now_ms()
        self._board.set(Fault.MODELS, said)
        # Tried again every few seconds: only what is new belongs into the log. The clock may jump.
        if said != self._fault or abs(now_ms - self._fault_at_ms) > _SAME_FAULT_MS:
            self._fault, self._fault_at_ms = said, now_ms
            self._record(EventKind.FAULT, said)

    def free(self) -> None:
        """Give the networks up."""
        models, self.models = self.models, None
        if models is not None:
            models.close()

    def _load(self) -> FaceModels:
        score = self._config.recognition.min_detection_score
        models = load_face_models(self._source, score, self._config.models)
        self.is_barred = models.simulated_only and self._drives_real_door
        if self.is_barred:
            # They took the place of others since the engine was made.
            raise ModelError(SIMULATED_ONLY)
        if models.simulated_only:
            self._board.warn("These networks know simulated people only.")
        is_blind = models.liveness is None and self._wants_liveness
        self._board.put_warning("liveness", _NO_LIVENESS if is_blind else None)
        return models
