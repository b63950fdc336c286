"""The benchmark of decisions, small."""

from __future__ import annotations

from kiosk.rightsbenchmark import format_rights_report, run_rights_benchmark


def test_a_small_building_is_timed() -> None:
    report = run_rights_benchmark(people=300, groups=20, schedules=10, questions=500)
    assert sum(report["outcomes"].values()) == 500
    assert {"allowed", "denied", "needs_pin"} <= report["outcomes"].keys()
    # Far from what it takes, far from what is asked: a machine may be busy.
    assert 0 < report["decision_ms"]["median"] <= 1
    assert "300 people, 20 groups, 10 schedules" in format_rights_report(report)


def test_the_building_is_the_same_each_time() -> None:
    sizes = {"people": 50, "groups": 5, "schedules": 4, "questions": 200}
    outcomes = [run_rights_benchmark(**sizes)["outcomes"] for _ in range(2)]
    assert outcomes[0] == outcomes[1]
