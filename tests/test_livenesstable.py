"""The table of pictures let in: its bounds, its counting, its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.errors import ConfigError
from kiosk.livenesstable import Course, count_tries, read_tries, table_lines, upper_bound


@pytest.mark.parametrize(
    ("errors", "tries", "bound"),
    # Tables of Clopper and Pearson, one-sided 95 %.
    [(0, 10, 0.2589), (0, 51, 0.0571), (0, 300, 0.0099), (1, 300, 0.0157), (3, 300, 0.0256)],
)
def test_the_bounds_are_those_of_the_tables(errors: int, tries: int, bound: float) -> None:
    assert upper_bound(errors, tries) == pytest.approx(bound, abs=2e-4)


@given(st.integers(1, 2000), st.data())
def test_a_bound_lies_above_what_was_seen_and_falls_with_more_tries(
    tries: int, data: st.DataObject
) -> None:
    errors = data.draw(st.integers(0, tries))
    bound = upper_bound(errors, tries)
    assert errors / tries <= bound <= 1
    assert upper_bound(errors, 2 * tries) < bound


def test_without_tries_nothing_is_known() -> None:
    assert upper_bound(0, 0) == 1.0


def test_errors_are_impostors_let_in_and_live_people_kept_out() -> None:
    tries = [
        ("phone", Course("passive", "granted", 2.0)),
        ("phone", Course("passive", "attack")),
        ("phone", Course("passive", "neither")),
        ("live", Course("passive", "granted", 3.0)),
        ("live", Course("passive", "attack")),
    ]
    live, phone = count_tries(tries, ("live",))
    assert (live.species, live.tries, live.errors, live.alarms, live.median_s) == (
        "live", 2, 1, 1, 3.0,
    )  # fmt: skip
    assert (phone.tries, phone.errors, phone.alarms, phone.median_s) == (3, 1, 1, 2.0)


def test_policies_are_counted_apart() -> None:
    tries = [("mask", Course(policy, "granted")) for policy in ("passive", "off", "off")]
    assert [(row.policy, row.tries) for row in count_tries(tries)] == [("off", 2), ("passive", 1)]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_tries_are_read_from_a_file(tmp_path: Path) -> None:
    path = write(
        tmp_path / "tries.csv",
        "\ufeffspecies,policy,outcome,lux\nphone,passive,attack,300\nlive,passive,granted,300\n",
    )
    rows = count_tries(read_tries(path))
    assert [(row.species, row.errors) for row in rows] == [("live", 0), ("phone", 0)]
    assert "95.00 %" in "\n".join(table_lines(rows))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("species,policy\nlive,passive\n", "no column outcome"),
        ("", "no column species"),
        ("species,policy,outcome\nlive,passive,opened\n", "line 2"),
        ("species,policy,outcome\n,passive,granted\n", "line 2"),
        ("species,policy,outcome\nlive\n", "line 2"),
    ],
)
def test_what_is_no_list_of_tries_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_tries(write(tmp_path / "tries.csv", text))


def test_a_file_that_cannot_be_read_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_tries(tmp_path / "absent.csv")
    (tmp_path / "bytes.csv").write_bytes(b"species,policy,outcome\n\xff\xfe,a,b\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_tries(tmp_path / "bytes.csv")
