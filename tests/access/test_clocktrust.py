"""When the time of day is believed, over steps, restarts and switched-off nights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.access.clocktrust import JUMP_MS, ClockTrust

BUILD = 1_790_000_000_000
NOW = BUILD + 86_400_000
SECOND_NS = 1_000_000_000


def trust(
    has_rtc: bool = True, was_synchronised: bool = False, memory: str = "", boot_id: str = "one"
) -> ClockTrust:
    return ClockTrust(BUILD, has_rtc, was_synchronised, boot_id=boot_id, memory=memory)


def test_a_clock_with_a_battery_is_believed() -> None:
    assert trust().look(NOW, 0, False).ok


def test_a_clock_that_a_time_server_set_is_believed() -> None:
    assert trust(has_rtc=False, was_synchronised=True).look(NOW, 0, False).ok


def test_a_clock_without_battery_waits_for_a_time_server() -> None:
    clock = trust(has_rtc=False)
    waiting = clock.look(NOW, 0, False)
    assert not waiting.ok
    assert "time server" in waiting.reason
    assert not clock.look(NOW + 1000, SECOND_NS, False).ok
    assert clock.look(NOW + 500_000, 2 * SECOND_NS, True).ok
    assert clock.look(NOW + 501_000, 3 * SECOND_NS, False).ok


def test_or_for_an_administrator() -> None:
    clock = trust(has_rtc=False)
    clock.look(NOW, 0, False)
    assert clock.confirm(NOW + 1000, SECOND_NS).ok
    assert clock.look(NOW + 2000, 2 * SECOND_NS, False).ok


def test_no_time_before_the_program_existed_is_believed_by_anybody() -> None:
    clock = trust()
    early = clock.look(BUILD - 1, 0, True)
    assert not early.ok
    assert "before this program was made" in early.reason
    assert not clock.confirm(BUILD - 1, 0).ok
    # Set by hand, it is still only somebody's word.
    assert not clock.look(NOW, SECOND_NS, False).ok
    assert clock.confirm(NOW, SECOND_NS).ok


@pytest.mark.parametrize(("step_ms", "word"), [(JUMP_MS + 1, "forward"), (-JUMP_MS - 1, "back")])
def test_a_jump_is_doubted_until_somebody_vouches(step_ms: int, word: str) -> None:
    for vouched in (False, True):
        clock = trust()
        clock.look(NOW, 0, False)
        jumped = clock.look(NOW + 1000 + step_ms, SECOND_NS, False)
        assert not jumped.ok
        assert word in jumped.reason
        assert not clock.look(NOW + 2000 + step_ms, 2 * SECOND_NS, False).ok
        if vouched:
            assert clock.confirm(NOW + 2000 + step_ms, 2 * SECOND_NS).ok
        else:
            assert clock.look(NOW + 2000, 2 * SECOND_NS, True).ok
        assert clock.look(NOW + 3000 + step_ms * vouched, 3 * SECOND_NS, False).ok


def test_a_step_by_the_time_server_is_none() -> None:
    clock = trust()
    clock.look(NOW, 0, True)
    assert clock.look(NOW + 3_600_000, SECOND_NS, True).ok


@pytest.mark.parametrize("step_ms", [JUMP_MS, -JUMP_MS])
def test_a_small_step_is_forgiven(step_ms: int) -> None:
    clock = trust()
    clock.look(NOW, 0, False)
    assert clock.look(NOW + 1000 + step_ms, SECOND_NS, False).ok


def test_small_steps_add_up() -> None:
    clock = trust()
    looks = [clock.look(NOW + n * 2500, n * SECOND_NS, False).ok for n in range(3)]
    assert looks == [True, True, False]


# --- over a restart -----------------------------------------------------------------------------


def test_the_first_run_has_no_memory() -> None:
    assert trust(memory="").look(NOW, 0, False).ok


def test_a_clock_that_went_back_over_a_restart_is_doubted() -> None:
    before = trust()
    before.look(NOW, 0, False)
    after = trust(memory=before.memory, boot_id="two")
    back = after.look(NOW - JUMP_MS - 1, 0, False)
    assert not back.ok
    assert "earlier" in back.reason
    assert trust(memory=before.memory, boot_id="two").look(NOW + 1, 0, False).ok
    assert trust(memory=before.memory, boot_id="two").look(NOW - 10**7, 0, True).ok


def test_what_went_back_is_doubted_over_further_restarts() -> None:
    memory = trust_after(NOW).memory
    for _ in range(3):
        clock = trust(memory=memory, boot_id="two")
        assert not clock.look(NOW - 10**6, 0, False).ok
        memory = clock.memory


def test_a_jump_is_doubted_over_a_restart() -> None:
    clock = trust()
    clock.look(NOW, 0, False)
    clock.look(NOW + 10**7, SECOND_NS, False)
    again = trust(memory=clock.memory, boot_id="two")
    assert not again.look(NOW + 10**7 + 1000, 0, False).ok
    assert again.confirm(NOW + 10**7 + 1000, 0).ok
    assert trust(memory=again.memory, boot_id="three").look(NOW + 10**7 + 2000, 0, False).ok


def test_a_program_restarted_without_reboot_goes_on_believing() -> None:
    clock = trust(has_rtc=False)
    clock.confirm(NOW, 0)
    again = trust(has_rtc=False, memory=clock.memory)
    assert again.look(NOW + 60_000, 60 * SECOND_NS, False).ok
    rebooted = trust(has_rtc=False, memory=clock.memory, boot_id="two")
    assert not rebooted.look(NOW + 60_000, 60 * SECOND_NS, False).ok


def test_a_clock_set_while_the_program_was_off_is_doubted() -> None:
    clock = trust_after(NOW)
    again = trust(memory=clock.memory)
    state = again.look(NOW + 10**7, SECOND_NS, False)
    assert not state.ok
    assert "was not running" in state.reason


@given(
    st.text(max_size=40)
    | st.sampled_from(
        (
            "[]",
            "{}",
            "[" * 5000,
            '{"wall_ms": "x", "mono_ns": 1, "boot_id": 7, "is_doubted": false}',
            '{"wall_ms": 1, "mono_ns": 1, "boot_id": "one", "is_doubted": 0}',
        )
    )
)
def test_a_damaged_memory_is_no_reason_to_believe(text: str) -> None:
    state = trust(memory=text).look(NOW, 0, False)
    assert state.ok is (text == "")
    assert trust(memory=text).look(NOW, 0, True).ok


@given(
    st.lists(
        st.tuples(st.integers(0, 10), st.sampled_from((0, 0, 0, 500, -1900, 2001, -9999))),
        max_size=30,
    )
)
def test_no_large_step_goes_unnoticed(steps: list[tuple[int, int]]) -> None:
    """Without anybody who vouches: once the offset has left the first one by more, never ok."""
    clock, offset, mono_s, has_left = trust(), 0, 0, False
    assert clock.look(NOW, 0, False).ok
    for passed_s, step_ms in steps:
        mono_s, offset = mono_s + passed_s, offset + step_ms
        has_left = has_left or abs(offset) > JUMP_MS
        state = clock.look(NOW + mono_s * 1000 + offset, mono_s * SECOND_NS, False)
        assert state.ok is not has_left


def trust_after(wall_ms: int) -> ClockTrust:
    clock = trust()
    clock.look(wall_ms, 0, False)
    return clock
