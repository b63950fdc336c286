"""``rights``, ``schedules`` and ``guests`` on the command line."""

from __future__ import annotations

import io
import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.access.model import Group, PersonRights, Schedule, Window
from kiosk.datafolder import DataFolder
from kiosk.domain import EventKind
from kiosk.store.store import Store, opened


def ok(answer) -> str:
    assert answer.code == 0, answer.err + answer.out
    return answer.out


@pytest.fixture
def door(kiosk, data: Path):
    """A data folder with a schedule, a group and Ada, number 12."""
    ok(kiosk("schedules", "add", "Office", "Mon-Fri 08:00-18:00; Fri 22:00-06:00"))
    ok(kiosk("schedules", "group", "Staff", "office", "--doors", "Front", "--is-first"))
    with opened(DataFolder(data).database) as store:
        store.people.add("Ada", "12", None, 0)
    return data


def look(data: Path, work):
    with opened(DataFolder(data).database) as store:
        return work(store)


def details(store: Store) -> list[str]:
    return [e.detail for e in store.events.query() if e.kind is EventKind.RIGHTS_CHANGED]


def test_schedules_are_added_shown_changed_and_removed(kiosk, door: Path) -> None:
    listed = json.loads(ok(kiosk("schedules", "list", "--json")))
    (schedule,), (group,) = listed["schedules"], listed["groups"]
    assert schedule["week"][4] == [[480, 1080], [1320, 1800]]
    assert (group["schedules"], group["doors"], group["is_first"]) == ([1], ["Front"], True)
    assert "08:00-18:00, 22:00-06:00 next day" in ok(kiosk("schedules", "show", "OFFICE"))
    ok(
        kiosk(
            "schedules", "add", "office", "always", "--holiday", "9:00-12:00", "--mode", "face+pin"
        )
    )
    text = ok(kiosk("schedules", "list"))
    assert "face+pin" in text and "Staff" in text
    assert "09:00-12:00" in ok(kiosk("schedules", "show", "office"))
    refused = kiosk("schedules", "remove", "office")
    assert refused.code == 1 and "used by Staff" in refused.err
    ok(kiosk("schedules", "add", "Spare", "never"))
    assert "never allows anyone" in kiosk("schedules", "add", "Spare", "never").out
    ok(kiosk("schedules", "remove", "Spare"))
    assert look(door, details)[-1] == "schedule 2 deleted"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "X", ""), "HOURS is empty"),
        (("add", "X", "Mon"), "cannot be read"),
        (("add", "X", "always", "--zone", "Mars"), "not known"),
        (("show", "Nothing"), "no schedule 'Nothing'"),
        (("group", "X", "Nothing"), "no schedule 'Nothing'"),
    ],
)
def test_schedules_that_cannot_be(kiosk, door: Path, words, said: str) -> None:
    answer = kiosk("schedules", *words)
    assert answer.code == 1 and said in answer.err


def test_an_import_is_a_dry_run_unless_told(kiosk, door: Path, tmp_path: Path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text("number,name,groups\n12,,Staff\n13,Bob,Staff\n", encoding="utf-8")
    text = ok(kiosk("rights", "import", file))
    assert text.startswith("1 people new, 1 changed, 0 unchanged.")
    assert len(re.findall(r"Bob \(13\) +person +groups Staff", text)) == text.count("Bob") == 1
    assert "Nothing was changed yet" in text
    assert look(door, lambda store: len(store.people.find())) == 1
    tree = json.loads(ok(kiosk("rights", "import", file, "--json")))
    assert (tree["people"], tree["applied"], tree["problems"]) == (2, False, [])
    assert (tree["new"], tree["unchanged"], tree["warnings"]) == (1, 0, [])
    words = "rights", "import", file, "--apply", "--yes"
    assert "Changed: 2 people, 1 of them new" in ok(kiosk(*words))
    assert look(door, lambda store: store.rights.member_counts()) == {1: 2}
    text = ok(kiosk("rights", "import", file, "--apply"))
    assert "0 people new, 0 changed, 2 unchanged." in text and "changes nothing" in text


def test_without_a_terminal_only_yes_applies(kiosk, door, tmp_path, monkeypatch) -> None:
    file = tmp_path / "staff.csv"
    file.write_text("number,slow\n12,yes\n", encoding="utf-8")
    # Not even an answer that comes through a pipe.
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    answer = kiosk("rights", "import", file, "--apply")
    assert answer.code == 1 and "Nothing was changed." in answer.out and "--yes" in answer.out
    assert not look(door, lambda store: store.rights.rights_of(1).is_slow)
    ok(kiosk("rights", "import", file, "--apply", "--yes"))
    assert look(door, lambda store: store.rights.rights_of(1).is_slow)


def test_names_that_look_alike_are_pointed_out(kiosk, door, tmp_path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text("number,name,groups\n13,Аda,Staff\n", encoding="utf-8")
    text = ok(kiosk("rights", "import", file))
    assert "(13) looks like Ada (12), but is somebody else" in text


def test_problems_are_listed_by_line_and_hold_up_the_rest(kiosk, door, tmp_path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text(
        "number,groups,valid_until\n12,Staff,\n12,Staff,\n77,Nobody,2001-01-01\n", encoding="utf-8"
    )
    for more in ((), ("--apply", "--yes")):
        answer = kiosk("rights", "import", file, *more)
        assert answer.code == 1
        assert "on line 2 already" in answer.out and "Nobody has number 77" in answer.out
        assert "no group 'Nobody'" in answer.out and "in the past" in answer.out
        assert "Nothing was changed." in answer.out
    assert look(door, lambda store: store.rights.member_counts()) == {}


def test_on_a_terminal_it_asks_before(kiosk, door, tmp_path, monkeypatch) -> None:
    file = tmp_path / "staff.csv"
    file.write_text("number,slow\n12,yes\n", encoding="utf-8")
    for typed in ("n\n", ""):
        terminal = io.StringIO(typed)
        terminal.isatty = lambda: True  # type: ignore[method-assign]
        monkeypatch.setattr("sys.stdin", terminal)
        answer = kiosk("rights", "import", file, "--apply")
        assert answer.code == 1 and "Nothing was changed." in answer.out
    ok(kiosk("rights", "import", file, "--apply", "--yes"))
    assert look(door, lambda store: store.rights.rights_of(1).is_slow)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"\xff\xfe1", "UTF-8"), (b"", "empty")]
)
def test_files_that_are_no_lists(kiosk, door, tmp_path, content, said) -> None:
    file = tmp_path / "staff.csv"
    if content is not None:
        file.write_bytes(content)
    answer = kiosk("rights", "import", file)
    assert answer.code == 1 and said in answer.err + answer.out


def test_an_export_can_be_imported(kiosk, door: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    assert "1 people" in ok(kiosk("rights", "export", file))
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    refused = kiosk("rights", "export", file)
    assert refused.code == 1 and "is there already" in refused.err
    assert "changes nothing" in ok(kiosk("rights", "import", file))
    for words in ((), ("-",)):
        text = ok(kiosk("rights", "export", *words))
        assert text.splitlines()[1].startswith('"12","Ada","none","always"')
    assert kiosk("rights", "export", tmp_path / "no" / "x.csv").code == 1


def test_check_says_what_is_not_meant(kiosk, door: Path) -> None:
    answer = kiosk("rights", "check")
    assert answer.code == 1 and "Staff may use Front only, but no group names" in answer.out
    (door / "config.toml").write_text('[kiosk]\ndoor_name = "Frond"\n', encoding="utf-8")
    assert "'Front' is nearly the name of this door, 'Frond'" in kiosk("rights", "check").out
    (door / "config.toml").write_text('[kiosk]\ndoor_name = "Front"\n', encoding="utf-8")
    ok(kiosk("rights", "check"))
    ok(kiosk("schedules", "add", "Empty", "never"))
    answer = kiosk("rights", "check")
    assert answer.code == 1 and "Empty never allows anyone" in answer.out


def test_guests_are_admitted_listed_and_cleared(kiosk, door, monkeypatch) -> None:
    for words, said in (
        (("--groups", "Staff"), "until when"),
        (("--groups", "Nobody", "--uses", "1"), "no group 'Nobody'"),
        (("--groups", "Staff", "--until", "2001-01-01"), "over already"),
        (("--groups", "Staff", "--until", "tomorrow"), "no date"),
        (("--groups", "Staff", "--uses", "1", "--pin"), "number"),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO("74930\n"))
        answer = kiosk("guests", "add", "Grace", *words)
        assert answer.code == 1 and said in answer.err
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    words = ("--groups", "staff", "--uses", "2", "--number", "9", "--pin")
    assert "no PIN" in kiosk("guests", "add", "Grace", *words).err
    monkeypatch.setattr("sys.stdin", io.StringIO("74930\n"))
    ok(kiosk("guests", "add", "Grace", *words))
    text = ok(kiosk("guests", "list"))
    assert "Grace" in text and "Ada" not in text and "1 guests." in text
    assert "0 guests removed" in ok(kiosk("guests", "clear"))
    look(door, lambda store: [store.rights.spend_use(2) for _ in range(2)])
    assert "1 guests removed" in ok(kiosk("guests", "clear"))
    assert look(door, lambda store: [p.name for p in store.people.find()]) == ["Ada"]
    assert look(door, details)[-1] == "guest admitted"


def group_of(data: Path):
    return look(data, lambda store: store.rights.groups()[0])


def schedule_of(data: Path):
    return look(data, lambda store: store.rights.schedules()[0])


def test_what_is_not_given_of_a_group_stays(kiosk, door: Path) -> None:
    ok(kiosk("schedules", "add", "Night", "Fri 22:00-06:00"))
    flags = ("--needs-two", "--ignores-passback", "--doors", "Front", "Back")
    ok(kiosk("schedules", "group", "Staff", *flags))
    strict = group_of(door)
    assert (strict.doors, strict.needs_two, strict.is_first) == (("Front", "Back"), True, True)
    text = ok(kiosk("schedules", "group", "STAFF", "Office", "Night"))
    assert group_of(door) == replace(strict, schedule_ids=(1, 2))
    assert re.search(r"schedules +Office +Office, Night", text) and "two" not in text
    before = look(door, details)
    assert "is as it was" in ok(kiosk("schedules", "group", "Staff", "Office", "Night"))
    assert "is as it was" in ok(kiosk("schedules", "group", "Staff", "--needs-two"))
    assert look(door, details) == before
    text = ok(kiosk("schedules", "group", "Staff", "--no-needs-two", "--all-doors"))
    assert re.search(r"needs two +yes +no", text)
    assert re.search(r"doors +Front, Back +all", text)
    assert group_of(door) == replace(strict, schedule_ids=(1, 2), doors=(), needs_two=False)
    ok(kiosk("schedules", "group", "Staff", "--no-is-first", "--no-ignores-passback"))
    assert group_of(door) == Group(1, "Staff", (1, 2))


def test_what_is_not_given_of_a_schedule_stays(kiosk, door: Path) -> None:
    flags = ("--mode", "face+pin", "--zone", "Asia/Tokyo", "--holiday", "9:00-12:00")
    ok(kiosk("schedules", "add", "Office", *flags, "--waits-for-first"))
    strict = schedule_of(door)
    assert strict.week[4] == (Window(480, 1080), Window(1320, 1800))
    text = ok(kiosk("schedules", "add", "office", "Mon 08:00-18:00"))
    week = ((Window(480, 1080),), *[()] * 6)
    assert schedule_of(door) == replace(strict, week=week)
    assert "waits" not in text and re.search(r"Tue +08:00-18:00 +–", text)
    assert "is as it was" in ok(kiosk("schedules", "add", "Office", "--mode", "face+pin"))
    text = ok(kiosk("schedules", "add", "Office", "--mode", "face"))
    assert re.search(r"asks for +face\+pin +face", text)
    ok(kiosk("schedules", "add", "Office", "--no-holiday", "--no-zone", "--no-waits-for-first"))
    assert schedule_of(door) == Schedule(1, "Office", week)


def test_lists_show_what_protects_a_door(kiosk, door: Path) -> None:
    ok(kiosk("schedules", "group", "Staff", "--needs-two"))
    for words in (("list",), ("groups",), ("show", "Office")):
        text = ok(kiosk("schedules", *words))
        assert re.search(r"doors +needs two +is first +ignores passback", text)
        assert re.search(r"Staff +Office +Front +yes +yes +no +0", text)
    assert json.loads(ok(kiosk("schedules", "groups", "--json")))["groups"][0]["needs_two"]
    ok(kiosk("schedules", "add", "Spare", "always", "--mode", "pin"))
    text = ok(kiosk("schedules", "show", "Spare"))
    assert "No group enters by it" in text and re.search(r"asks for +pin", text)


def test_groups_are_removed_when_nobody_is_in_them(kiosk, door: Path) -> None:
    look(door, lambda store: store.rights.save_rights(PersonRights(1, frozenset({1}))))
    refused = kiosk("schedules", "remove-group", "Staff")
    assert refused.code == 1 and "1 people belong" in refused.err
    look(door, lambda store: store.rights.save_rights(PersonRights(1)))
    ok(kiosk("schedules", "remove-group", "staff"))
    assert look(door, lambda store: store.rights.groups()) == []
    assert look(door, details)[-1] == "group 1 deleted"
    assert "no group 'Staff'" in kiosk("schedules", "remove-group", "Staff").err


def test_a_guest_whose_pin_opens_nothing_is_told(kiosk, door, monkeypatch) -> None:
    def admit(name: str, number: str, *groups: str) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO("74930\n"))
        words = ("--uses", "1", "--number", number, "--pin", "--groups", *groups)
        return ok(kiosk("guests", "add", name, *words))

    assert "None of their groups may use this door" in admit("A", "1", "Staff")
    ok(kiosk("schedules", "group", "Staff", "--all-doors"))
    text = admit("B", "2", "Staff")
    assert "schedules add Office --mode face/pin" in text and "cannot be typed" not in text
    assert "cannot be typed" in admit("C", "V12", "Staff")
    assert "cannot be typed" in admit("D", "1" * 21, "Staff")
    ok(kiosk("schedules", "add", "Office", "--mode", "face/pin"))
    assert len(admit("E", "1" * 20, "Staff").splitlines()) == 1
    answer = kiosk("guests", "add", "F", "--uses", "1", "--groups", "Our visitors")
    assert answer.code == 1 and "schedules group 'Our visitors' SCHEDULE" in answer.err


def test_the_example_of_the_readme_works_in_order(kiosk, tmp_path, monkeypatch) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"<!-- rights -->\n```sh\n(.*?)```", readme, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    told = ""
    for line in block.splitlines():
        typed, _, command = line.partition("door-kiosk ")
        if not command:
            text, file = re.fullmatch(r"printf '(.*)' > (\S+)", line).groups()
            Path(file).write_text(text.replace("\\n", "\n"), encoding="utf-8")
            continue
        monkeypatch.setattr("sys.stdin", io.StringIO(typed[5:-3] + "\n"))
        told += ok(kiosk(*shlex.split(command)))
    assert "There is nothing to say about the rights." in told and "holds 3 people" in told
    assert "cannot" not in told and "No schedule" not in told
