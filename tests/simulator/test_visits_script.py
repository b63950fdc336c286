"""Who is in front of the camera, and who comes next."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace

import pytest

from kiosk.simulator.visits import Visit, visit
from kiosk.simulator.visits_script import MAX_WAITING, Script


def short(name: str, seconds: float = 1.0) -> Visit:
    return replace(visit(name), seconds=seconds)


ONE, TWO, THREE = short("approach"), short("stranger"), short("dark")


def names(script: Script, times: list[float]) -> list[str]:
    return [script.moment(t)[0].name for t in times]


def test_a_programme_is_played_through_and_then_nobody_comes() -> None:
    begun: list[str] = []
    script = Script([ONE, TWO], lambda played: begun.append(played.name))
    assert names(script, [10.0, 10.9, 11.0, 11.9, 12.1, 99.0]) == [
        "approach",
        "approach",
        "stranger",
        "stranger",
        "empty",
        "empty",
    ]
    assert begun == ["approach", "stranger", "empty"]


def test_a_moment_says_how_long_ago_the_visit_began() -> None:
    script = Script([ONE])
    assert script.moment(5.0) == (ONE, 0.0)
    assert script.moment(5.25) == (ONE, 0.25)


def test_who_is_sent_in_follows_and_the_programme_goes_on() -> None:
    script = Script([ONE, TWO])
    script.moment(0.0)
    assert script.send_in(THREE)
    assert script.waiting == 1
    assert names(script, [0.5, 1.0, 2.0]) == ["approach", "dark", "stranger"]
    assert script.waiting == 0


def test_an_empty_room_gives_way_at_once() -> None:
    script = Script()
    assert names(script, [0.0, 0.1]) == ["empty", "empty"]
    script.send_in(ONE)
    assert script.moment(0.2) == (ONE, 0.0)


def test_now_means_now() -> None:
    script = Script([ONE, TWO])
    script.moment(0.0)
    script.play_now(THREE)
    assert names(script, [0.1, 1.0, 1.2]) == ["dark", "dark", "stranger"]


def test_the_current_one_may_be_ended() -> None:
    script = Script([ONE, TWO])
    script.moment(0.0)
    script.end_current()
    script.end_current()
    assert names(script, [0.1]) == ["stranger"]


def test_the_same_visit_twice_in_a_row_begins_twice() -> None:
    begun: list[str] = []
    script = Script([ONE], lambda played: begun.append(played.name))
    script.moment(0.0)
    script.play_now(ONE)
    assert script.moment(0.3) == (ONE, 0.0)
    assert begun == ["approach", "approach"]


def test_not_everybody_may_wait() -> None:
    script = Script([ONE])
    script.moment(0.0)
    assert [script.send_in(TWO) for _ in range(MAX_WAITING + 2)] == [True] * MAX_WAITING + [
        False,
        False,
    ]


def test_an_endless_programme_is_read_as_it_is_played() -> None:
    taken: list[int] = []

    def endless():
        for n in itertools.count():
            taken.append(n)
            yield short("approach")

    script = Script(endless())
    names(script, [0.0, 1.0, 2.0])
    assert taken == [0, 1, 2]


def test_many_threads_may_send_people_in() -> None:
    script, accepted = Script(), []
    threads = [
        threading.Thread(target=lambda: accepted.append(script.send_in(ONE))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(accepted) == MAX_WAITING == script.waiting


@pytest.mark.parametrize("name", ["play_now", "send_in"])
def test_who_is_told_may_send_the_next_in(name: str) -> None:
    """The listener is called without the script's lock."""
    script = Script([ONE], lambda played: getattr(script, name)(TWO) if played is ONE else None)
    assert names(script, [0.0, 1.0]) == ["approach", "stranger"]
