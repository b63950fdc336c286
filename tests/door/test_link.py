"""When a lost latch is tried again."""

from __future__ import annotations

from kiosk.door.link import Link

S = 1_000_000_000
MS = 1_000_000
T0 = 1000 * S


def connected(now_ns: int = T0) -> Link:
    link = Link()
    link.connected(now_ns)
    return link


def retry_delays_ms(link: Link, now_ns: int, count: int, *, is_urgent: bool = False) -> list[int]:
    delays = []
    for _ in range(count):
        link.lost(now_ns, is_urgent=is_urgent)
        assert not link.is_up
        delays.append((link.retry_at_ns - now_ns) // MS)
        now_ns = link.retry_at_ns
    return delays


def test_it_begins_by_connecting_at_once() -> None:
    assert (Link().is_up, Link().retry_at_ns) == (False, 0)


def test_retries_of_a_locked_door_grow_to_ten_seconds() -> None:
    expected = [500, 1000, 2000, 4000, 8000, 10_000, 10_000]
    assert retry_delays_ms(connected(), T0 + S, 7) == expected


def test_an_unsteady_connection_keeps_the_long_delay_and_a_steady_one_resets_it() -> None:
    link = connected()
    retry_delays_ms(link, T0, 6)
    link.connected(T0 + 100 * S)
    assert retry_delays_ms(link, T0 + 101 * S, 1) == [10_000]
    link.connected(T0 + 200 * S)
    assert retry_delays_ms(link, T0 + 210 * S, 1) == [500]


def test_a_relay_that_may_be_on_is_retried_at_once_and_then_quickly() -> None:
    link = connected()
    assert retry_delays_ms(link, T0 + S, 5, is_urgent=True) == [0, 250, 250, 250, 250]
    link.connected(T0 + 3 * S)
    assert link.is_up
