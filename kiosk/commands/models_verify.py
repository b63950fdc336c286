"""``door-kiosk models verify``: every byte, every stored test, and the networks themselves."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiosk.commands.models_list import embedded_if_any
from kiosk.commands.output import Output
from kiosk.commands.setup import data_folder, settings
from kiosk.errors import ModelError

if TYPE_CHECKING:
    from kiosk.config import ModelsConfig
    from kiosk.models.card import ModelCard
    from kiosk.models.pack import Pack
    from kiosk.recognition.thresholds import Calibration


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What was found out about one file of a pack."""

    card: ModelCard
    agreement: float | None = None
    """With its self-test, 1 being perfect; None when it was not run."""
    calibration: Calibration | None = None
    """The thresholds of an embedder, if there are any."""
    fault: ModelError | None = None

    @property
    def line(self) -> str:
        """The finding for people."""
        if self.fault is not None:
            return f"{self.card.file}: {self.fault}"
        if self.agreement is None:
            return f"{self.card.file}: digest correct, not run here: made for {self.card.target}"
        return (
            f"{self.card.file}: digest correct, self-test passed (agreement {self.agreement:.4f})"
        )

    @property
    def tree(self) -> dict[str, Any]:
        """The finding for programs."""
        return {
            "file": self.card.file,
            "name": self.card.name,
            "target": self.card.target,
            "precision": self.card.precision,
            "agreement": None if self.agreement is None else round(self.agreement, 6),
            "fault": None if self.fault is None else str(self.fault),
        }


@dataclass(frozen=True, slots=True)
class _Verified:
    checks: tuple[FileCheck, ...] = ()
    chosen: tuple[ModelCard, ...] = ()
    faults: tuple[ModelError, ...] = ()

    @property
    def agreement(self) -> dict[str, float]:
        """Of what runs here, by the name of the network."""
        return {
            each.card.name: round(each.agreement, 6)
            for each in self.checks
            if each.card in self.chosen and each.agreement is not None
        }


def execute_verify(args: argparse.Namespace) -> int:
    """Check everything, say all, then raise ModelError when anything failed."""
    from kiosk.config import ModelsConfig
    from kiosk.models.pack import is_installed, open_pack

    output, folder = Output(args.json), data_folder(args)
    wanted = settings(args, folder).models
    # First what came along: it is there in every installation.
    embedded = _Verified()
    try:
        if (brought := embedded_if_any()) is not None:
            embedded = _verify(brought, ModelsConfig())
            output.say("Embedded, for --demo:", *(each.line for each in embedded.checks), "")
    except ModelError as error:
        embedded = _Verified(faults=(error,))
    if embedded.faults and not is_installed(folder.models):
        _raise(embedded.faults)
    pack = open_pack(folder.models)
    used = _verify(pack, wanted)
    output.say("In use:", *(each.line for each in used.checks))
    calibration = next((e.calibration for e in used.checks if e.card in used.chosen
                        and e.calibration is not None), None)  # fmt: skip
    if calibration is not None:
        output.say(
            f"Thresholds for {calibration.model}: measured down to a false-match rate of "
            f"{calibration.rarest_fmr:.0e}, with {calibration.impostor_pairs} pairs of "
            f"{calibration.people} people."
        )
    if not used.faults and not embedded.faults:
        output.say("All models are as they should be.")
    output.result(
        {
            "folder": str(pack.folder),
            "self_tests": used.agreement,
            "embedded_self_tests": embedded.agreement,
            "files": [each.tree for each in used.checks],
            "embedded_files": [each.tree for each in embedded.checks],
            "faults": [str(fault) for fault in (*used.faults, *embedded.faults)],
            "thresholds": None if calibration is None else _thresholds(calibration),
        }
    )
    if used.faults:
        _raise((*used.faults, *embedded.faults))
    if embedded.faults:
        raise ModelError(
            "The models in use are as they should be, the embedded are not: "
            f"{_summary(embedded.faults)}"
        )
    return 0


def check_pack(
    pack: Pack, chosen: Sequence[ModelCard], *, needs_thresholds: bool
) -> list[FileCheck]:
    """Check every file of a pack: its bytes, its self-test, the thresholds of embedders.

    Networks that cannot run here are not run; ``chosen`` are those that are to run. An embedder
    among them must have thresholds when ``needs_thresholds``; others may, but must be readable.
    """
    return [_check(pack, card, card in chosen, needs_thresholds) for card in pack.cards]


def _check(pack: Pack, card: ModelCard, is_chosen: bool, needs_thresholds: bool) -> FileCheck:
    from kiosk.board.soc import read_soc, runs
    from kiosk.facemodels import load_untested
    from kiosk.models.card import ONNX, Role
    from kiosk.models.selftest import read_self_test, run_self_test
    from kiosk.recognition.thresholdfile import load_calibration

    agreement: float | None = None
    calibration: Calibration | None = None
    try:
        soc = read_soc()
        if is_chosen or card.target == ONNX or (soc is not None and runs(card.target, soc)):
            runtime = load_untested(pack, card)
            try:
                agreement = run_self_test(runtime, pack.self_test(card), pack.mending)
            finally:
                runtime.close()
        else:
            pack.file(card)
            read_self_test(card.name, pack.self_test(card), pack.mending)
        path = pack.thresholds(card)
        if card.role is Role.EMBEDDER and ((is_chosen and needs_thresholds) or path.exists()):
            calibration = load_calibration(path, card.id)
    except ModelError as error:
        return FileCheck(card, agreement, calibration, error)
    return FileCheck(card, agreement, calibration)


def _verify(pack: Pack, wanted: ModelsConfig) -> _Verified:
    from kiosk.facemodels import open_chosen

    faults: list[ModelError] = []
    chosen: tuple[ModelCard, ...] = ()
    try:
        chosen = open_chosen(pack, wanted).cards
    except ModelError as error:
        faults.append(error)
    checks = check_pack(pack, chosen, needs_thresholds=True)
    faults += [each.fault for each in checks if each.fault is not None]
    return _Verified(tuple(checks), chosen, tuple(faults))


def _raise(faults: Sequence[ModelError]) -> None:
    raise ModelError(_summary(faults)) from faults[0]


def _summary(faults: Sequence[ModelError]) -> str:
    first = str(faults[0])
    if len(faults) == 1:
        return first
    return f"{len(faults)} faults; the first: {first}"


def _thresholds(calibration: Calibration) -> dict[str, Any]:
    return {
        "model": str(calibration.model),
        "rarest_fmr": calibration.rarest_fmr,
        "impostor_pairs": calibration.impostor_pairs,
        "people": calibration.people,
        "source": calibration.source,
    }
