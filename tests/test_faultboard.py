"""One view out of faults and decisions."""

from __future__ import annotations

from kiosk.camera.authenticity import Suspicion
from kiosk.domain import Decision, DoorState, DoorStatus, Guidance, Phase
from kiosk.faultboard import Fault, FaultBoard
from kiosk.listener import KioskView, NumberPrompt, SilentListener


class Screen(SilentListener):
    """Keeps every view."""

    def __init__(self) -> None:
        self.views: list[KioskView] = []

    def view_changed(self, view: KioskView) -> None:
        self.views.append(view)


def board() -> tuple[FaultBoard, Screen]:
    screen = Screen()
    made = FaultBoard(screen)
    made.ready()
    return made, screen


def door(state: DoorState, relock_at_ns: int | None = None) -> DoorStatus:
    return DoorStatus(state, "relay", False, relock_at_ns)


def test_a_fault_goes_before_everything_and_names_every_reason_in_order() -> None:
    shown, screen = board()
    shown.set(Fault.STORE, "No log.")
    shown.set(Fault.MODELS, "No models.")
    shown.show(Decision(Phase.CHECKING), "")
    assert screen.views[-1] == KioskView(Phase.OUT_OF_ORDER, faults=("No models.", "No log."))
    assert shown.is_out_of_order
    shown.clear(Fault.MODELS)
    assert screen.views[-1].faults == ("No log.",)
    assert shown.has(Fault.STORE) and not shown.has(Fault.MODELS)


def test_a_welcome_from_before_a_fault_is_not_shown_after_it() -> None:
    shown, screen = board()
    shown.show(Decision(Phase.WELCOME, person_id=1), "Ada")
    shown.set(Fault.DOOR, "No relay.")
    shown.clear(Fault.DOOR)
    assert screen.views[-1] == KioskView(Phase.IDLE)


def test_a_welcome_carries_the_name_and_the_time_until_the_door_locks() -> None:
    shown, screen = board()
    shown.show(Decision(Phase.WELCOME, person_id=1), "Ada")
    shown.door_is(door(DoorState.UNLOCKED, 5_000))
    assert screen.views[-1] == KioskView(Phase.WELCOME, None, "Ada", 5_000)
    shown.door_is(door(DoorState.LOCKED))
    assert screen.views[-1].relock_at_ns is None


def test_the_name_of_a_visit_goes_with_it() -> None:
    shown, screen = board()
    shown.show(Decision(Phase.WELCOME, person_id=1), "Ada")
    shown.show(Decision(Phase.GUIDANCE, Guidance.MORE_LIGHT), "")
    assert screen.views[-1] == KioskView(Phase.GUIDANCE, Guidance.MORE_LIGHT)


def test_only_changes_are_told() -> None:
    shown, screen = board()
    before = len(screen.views)
    for _ in range(5):
        shown.show(Decision(Phase.IDLE), "")
        shown.clear(Fault.CAMERA)
        shown.warn("Simulated.")
    assert len(screen.views) == before + 1
    assert screen.views[-1].warnings == ("Simulated.",)


def test_starting_lasts_until_everything_is_loaded() -> None:
    screen = Screen()
    shown = FaultBoard(screen)
    assert shown.idle_phase is Phase.STARTING
    shown.set(Fault.MODELS, "No models.")
    shown.clear(Fault.MODELS)
    assert screen.views[-1].phase is Phase.STARTING
    shown.ready()
    assert screen.views[-1].phase is Phase.IDLE
    assert shown.idle_phase is Phase.IDLE


def test_every_suspicion_about_the_pictures_is_a_fault_of_its_own() -> None:
    assert {suspicion.name for suspicion in Suspicion} <= {fault.name for fault in Fault}


def test_keypad_and_clock_are_shown_with_whatever_else_is() -> None:
    shown, screen = board()
    shown.offer_keypad(True)
    shown.clock_is(False)
    assert screen.views[-1] == KioskView(Phase.IDLE, offers_keypad=True, clock_ok=False)
    shown.show(Decision(Phase.GUIDANCE, Guidance.STEP_CLOSER), number=NumberPrompt(answers=1))
    assert screen.views[-1] == KioskView(
        Phase.GUIDANCE,
        Guidance.STEP_CLOSER,
        offers_keypad=True,
        number_prompt=NumberPrompt(answers=1),
        clock_ok=False,
    )
    # Out of order nothing that is typed counts, and what was typed before is void.
    shown.set(Fault.DOOR, "No relay.")
    assert screen.views[-1] == KioskView(Phase.OUT_OF_ORDER, faults=("No relay.",), clock_ok=False)
    shown.clear(Fault.DOOR)
    assert screen.views[-1].number_prompt is None


def test_who_waits_for_a_second_person_is_told_until_when() -> None:
    shown, screen = board()
    shown.show(Decision(Phase.SECOND, person_id=1), "Ada", answer_by_ns=7_000)
    assert screen.views[-1] == KioskView(Phase.SECOND, person_name="Ada", answer_by_ns=7_000)
    shown.show(Decision(Phase.IDLE))
    assert screen.views[-1] == KioskView(Phase.IDLE)
