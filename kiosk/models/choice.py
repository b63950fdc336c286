"""Which file of each network runs on this computer, and why.

The answer depends on the chip, the pack and the settings, never on what happens to be broken: a
kiosk that fell back to another precision by itself would compare with other templates, and nobody
would know why the door no longer opens.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kiosk.board.soc import Soc, attached_soc, runs
from kiosk.errors import ModelError
from kiosk.models.card import ONNX, ModelCard, Role
from kiosk.models.pack import Pack

AUTO = "auto"

# Half precision costs these chips little and keeps the landmarks; the smaller ones are too slow
# for it, and the RK1808 computes well in whole numbers only.
_PREFERS_FP16 = ("rk3588", "rk3576")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the settings ask for."""

    target: str = AUTO
    precision: str = AUTO


@dataclass(frozen=True, slots=True)
class Choice:
    """One network's file for this computer."""

    card: ModelCard
    why: str


def choose(cards: Iterable[ModelCard], soc: Soc | None, wish: Wish | None = None) -> list[Choice]:
    """Return one choice for each role there is. Raises ModelError when a wish cannot be met."""
    wish = wish or Wish()
    by_role: dict[Role, list[ModelCard]] = {}
    for card in cards:
        by_role.setdefault(card.role, []).append(card)
    return [_choose(of_role, soc, wish) for of_role in by_role.values()]


def chosen_pack(pack: Pack, soc: Soc | None, wish: Wish | None = None) -> Pack:
    """Return the pack with one file for each role. Raises ModelError."""
    return replace(pack, cards=tuple(each.card for each in choose(pack.cards, soc, wish)))


def npu_of(card: ModelCard, soc: Soc | None) -> Soc | None:
    """Return the chip that a file runs on: this computer's own, or that of a compute stick."""
    if card.target == ONNX:
        return None
    if soc is not None and runs(card.target, soc):
        return soc
    return attached_soc(card.target)


def _choose(cards: list[ModelCard], soc: Soc | None, wish: Wish) -> Choice:
    role = cards[0].role.value.replace("_", " ")
    if wish.target == ONNX:
        return _by_onnx(cards, wish, role, "[models] target asks for it")
    if wish.target != AUTO:
        return _by_npu(cards, soc, wish, role)
    fitting = [card for card in cards if soc is not None and runs(card.target, soc)]
    if soc is not None and fitting:
        return _preferred(fitting, soc, wish, role)
    if soc is None:
        return _by_onnx(cards, wish, role, "this computer has no Rockchip NPU")
    return _by_onnx(cards, wish, role, f"the pack has no {role} for the {soc.name}")


def _by_npu(cards: list[ModelCard], soc: Soc | None, wish: Wish, role: str) -> Choice:
    chip = soc if soc is not None and runs(wish.target, soc) else attached_soc(wish.target)
    if chip is None:
        here = f"is a {soc.name}" if soc is not None else "has no Rockchip NPU"
        raise ModelError(
            f"[models] target asks for the {wish.target}, but this computer {here}. "
            'Write target = "auto" there.'
        )
    fitting = [card for card in cards if runs(card.target, chip)]
    if not fitting and cards[0].role in (Role.DETECTOR, Role.EMBEDDER):
        raise ModelError(
            f"[models] target asks for the {wish.target}, but the pack has no {role} for it. "
            'Import a pack converted for it, or write target = "auto" there.'
        )
    if not fitting:
        return _by_onnx(cards, wish, role, f"the pack has no {role} for the {chip.name}")
    return _preferred(fitting, chip, wish, role)


def _preferred(fitting: list[ModelCard], soc: Soc, wish: Wish, role: str) -> Choice:
    wanted = wish.precision
    if wanted == AUTO:
        wanted = "fp16" if soc.target in _PREFERS_FP16 else "int8"
        reason = f"{wanted} is preferred on the {soc.name}"
    else:
        reason = f"[models] precision asks for {wanted} on the {soc.name}"
    card = next((card for card in fitting if card.precision == wanted), None)
    if card is not None:
        return Choice(card, reason)
    if wish.precision != AUTO:
        raise ModelError(
            f"[models] precision asks for {wanted}, but the pack has the {role} for the "
            f"{soc.name} only as {', '.join(card.precision for card in fitting)}."
        )
    return Choice(fitting[0], f"the only one for the {soc.name} in the pack")


def _by_onnx(cards: list[ModelCard], wish: Wish, role: str, why: str) -> Choice:
    fitting = [card for card in cards if card.target == ONNX]
    if not fitting:
        made = ", ".join(sorted({card.target for card in cards}))
        raise ModelError(
            f"The {role} of the pack is for {made} only, and {why}. "
            "Import a pack that this computer can run."
        )
    # 8 bits pay on some PCs only, and cost accuracy on all: never unasked.
    wanted = "fp32" if wish.precision == AUTO else wish.precision
    card = next((card for card in fitting if card.precision.split("-")[0] == wanted), None)
    if card is not None:
        return Choice(card, f"by ONNX Runtime: {why}")
    only = ", ".join(card.precision for card in fitting)
    # Of the embedder hangs whose templates are compared; the others may do as well as they can.
    if wish.precision != AUTO and cards[0].role is Role.EMBEDDER:
        raise ModelError(
            f"[models] precision asks for {wanted}, but the pack has the {role} for ONNX Runtime "
            f'only as {only}. Import a pack that has it, or write precision = "auto" there.'
        )
    return Choice(fitting[0], f"by ONNX Runtime: {why}; the pack has it only as {only}")
