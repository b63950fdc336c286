"""The door's state machine as the table of the README: ``python -m kiosk.door.statetable``."""

from __future__ import annotations

from kiosk.domain import DoorState
from kiosk.door.transitions import AT_REST, FAULT, TABLE, Act, Cause, Row, Target, When, targets


def _words(state: DoorState) -> str:
    return state.value.replace("_", " ")


def _notes() -> dict[When, str]:
    # The last row of a cell needs no condition to be told from another.
    used = dict.fromkeys(
        row.when for row in TABLE if row.when not in (When.ALWAYS, When.OPEN_BEFORE)
    )
    return dict(zip(used, "abcdefghijklmnop", strict=False))


def _mark(row: Row) -> str:
    if {Act.ALARM_FORCED, Act.ALARM_HELD, Act.WARN} & set(row.acts):
        return " !"
    if {Act.PULSE, Act.FREE} & set(row.acts):
        return " +"
    return " −" if {Act.END_PULSE, Act.NOT_FREE} & set(row.acts) else ""


def _next_words(row: Row, state: DoorState) -> str:
    if row.refusal:
        return "refused"
    if row.to is Target.REST:
        words = _words(state) if state in AT_REST else "locked*"
    elif row.to in (Target.SAME, state):
        words = "stays"
    else:
        words = _words(targets(row, state)[0])
    return words if state is FAULT else words + _mark(row)


def _cell(cause: Cause, state: DoorState) -> str:
    notes = _notes()
    said: dict[str, str] = {}
    for row in TABLE:
        if row.cause is cause and state in row.states:
            words = _next_words(row, state)
            # Without a condition the row holds for what is left.
            note = notes.get(row.when, "")
            said[words] = f"{said[words]},{note}" if words in said and note else note
    return "; ".join(
        f"{words} <sup>{note}</sup>" if note else words for words, note in said.items()
    )


def markdown() -> str:
    """Return the table as Markdown: a line a cause, a column a state."""
    lines = [
        "| | " + " | ".join(f"**{_words(state)}**" for state in DoorState) + " |",
        "|---" * (len(DoorState) + 1) + "|",
    ]
    for cause in Cause:
        cells = (_cell(cause, state) or "·" for state in DoorState)
        lines.append(f"| *{cause.value}* | " + " | ".join(cells) + " |")
    conditions = (f"<sup>{letter}</sup> {when.value}" for when, letter in _notes().items())
    lines += [
        "",
        "The first that fits holds. + a pulse or free access begins, or a longer pulse; − it ends; "
        "! an alarm; · nothing happens; * lockdown while there is one. "
        + "; ".join(conditions)
        + ".",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(markdown(), end="")
