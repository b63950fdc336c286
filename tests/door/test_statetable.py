"""The table of the README is the table that the door follows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kiosk.domain import DoorState
from kiosk.door.statetable import markdown
from kiosk.door.transitions import ALL, TABLE, Cause, When

ROOT = Path(__file__).parents[2]


def test_the_readme_shows_exactly_the_generated_table() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    between = readme.split("<!-- door states -->\n")[1].split("<!-- /door states -->")[0]
    assert between == markdown()


def test_the_command_prints_the_table() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk.door.statetable"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert done.stdout == markdown()


def test_the_table_has_a_line_a_cause_and_a_column_a_state() -> None:
    lines = markdown().splitlines()
    assert len(lines) == 2 + len(Cause) + 2
    assert {line.count("|") for line in lines[:-2]} == {len(DoorState) + 2}
    cells = {line.split("|")[1].strip(" *"): line.split("|")[2:-1] for line in lines[2:-2]}
    opens = dict(zip(ALL, (cell.strip() for cell in cells[Cause.OPENED.value]), strict=True))
    assert opens[DoorState.LOCKED] == "open <sup>d</sup>; forced !"
    assert opens[DoorState.FAULT] == "·"


def test_no_row_hides_behind_one_without_a_condition() -> None:
    for index, row in enumerate(TABLE):
        for earlier in TABLE[:index]:
            if earlier.cause is row.cause and earlier.when is When.ALWAYS:
                assert not set(earlier.states) & set(row.states)
