"""Enrolling from photographs with the real networks; listing and removing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from kiosk.datafolder import DataFolder
from kiosk.domain import EventKind
from kiosk.store.events import EventQuery
from kiosk.store.store import opened

FRONT = "london/{}/neutral_front.jpg"


def photo(shared: Path, person: str, view: str = "neutral_front") -> Path:
    return shared / "faces" / "london" / person / f"{view}.jpg"


def people_in(kiosk) -> list[dict[str, object]]:
    answer = kiosk("people", "list", "--json")
    assert answer.code == 0, answer.err
    people: list[dict[str, object]] = json.loads(answer.out)["people"]
    return people


@pytest.mark.shared
class TestAdd:
    def test_enrols_with_consent_number_and_event(self, shared, kiosk, with_models) -> None:
        answer = kiosk(
            "people", "add", "Ada Byron", photo(shared, "L001"), "--number", "7", "--consent"
        )
        assert answer.code == 0, answer.err
        assert "No consent" not in answer.out
        (person,) = people_in(kiosk)
        # One for the bare face, one for visits with a mask on.
        assert (person["name"], person["number"], person["template_count"]) == ("Ada Byron", "7", 1)
        assert person["consent_at_ms"] is not None
        (event,) = json.loads(kiosk("events", "list", "--json").out)["events"]
        assert (event["kind"], event["person_name"]) == ("enrolled", "Ada Byron")
        assert "Ada" not in event["detail"]

    def test_says_when_there_is_no_consent(self, shared, kiosk, with_models) -> None:
        answer = kiosk("people", "add", "Ada", photo(shared, "L001"))
        assert "No consent is recorded" in answer.out
        assert people_in(kiosk)[0]["consent_at_ms"] is None

    def test_names_the_reason_of_each_refused_photograph(
        self, shared, kiosk, with_models, tmp_path
    ) -> None:
        front = cv2.imread(str(photo(shared, "L001")))
        pictures = {
            "dark.png": (front * 0.12).astype("uint8"),
            "blurred.png": cv2.GaussianBlur(front, (0, 0), 12),
            "empty.png": front[:60, :60],
            "two.png": cv2.hconcat([front, front]),
        }
        for name, pixels in pictures.items():
            cv2.imwrite(str(tmp_path / name), pixels)
        (tmp_path / "torn.jpg").write_bytes(photo(shared, "L001").read_bytes()[:5000])
        answer = kiosk(
            "people",
            "add",
            "Ada",
            *(tmp_path / name for name in pictures),
            tmp_path / "torn.jpg",
            photo(shared, "L001", "neutral_left_profile"),
            photo(shared, "L001"),
        )
        assert answer.code == 0, answer.err
        lines = answer.out.splitlines()
        for name, words in (
            ("dark.png", "too dark"),
            ("blurred.png", "blurred"),
            ("empty.png", "no face"),
            ("two.png", "several faces"),
            ("torn.jpg", "damaged"),
            ("left_profile", "turned away"),
        ):
            (line,) = [line for line in lines if name in line]
            assert line.startswith("Refused: ") and words in line
        assert "with 1 of 7 photographs" in answer.out

    def test_nobody_is_enrolled_when_every_photograph_is_refused(
        self, shared, kiosk, with_models, tmp_path
    ) -> None:
        dark = tmp_path / "dark.png"
        cv2.imwrite(str(dark), (cv2.imread(str(photo(shared, "L001"))) * 0.12).astype("uint8"))
        answer = kiosk("people", "add", "Ada", dark)
        assert answer.code == 1
        assert "too dark" in answer.err and answer.err.count("\n") == 1
        assert people_in(kiosk) == []

    def test_refuses_a_look_alike_unless_told(self, shared, kiosk, with_models) -> None:
        kiosk("people", "add", "Ada", photo(shared, "L001"))
        again = ("people", "add", "Grace", photo(shared, "L001", "smiling_front"))
        answer = kiosk(*again)
        assert answer.code == 1
        assert "looks like Ada (similarity 0." in answer.err
        assert len(people_in(kiosk)) == 1
        allowed = kiosk(*again, "--allow-look-alike")
        assert allowed.code == 0
        assert "door-kiosk people pin 1" in allowed.out and "people pin 2" in allowed.out
        assert [p["is_look_alike"] for p in people_in(kiosk)] == [True, True]
        with opened(DataFolder(with_models).database) as store:
            changed = store.events.query(EventQuery(kinds=(EventKind.PERSON_CHANGED,)))
        assert [(e.person_id, e.detail) for e in changed] == [
            (2, "looks like 1"),
            (1, "looks like 2"),
        ]
        assert kiosk("people", "remove", "1").code == 0
        assert [p["is_look_alike"] for p in people_in(kiosk)] == [False]

    def test_people_enrolled_before_are_compared_and_marked(
        self, shared, kiosk, with_models
    ) -> None:
        for name, who in (("Ada", "L001"), ("Bo", "L003")):
            assert kiosk("people", "add", name, photo(shared, who)).code == 0
        twin = photo(shared, "L001", "smiling_front")
        assert kiosk("people", "add", "Eve", twin, "--allow-look-alike").code == 0
        with opened(DataFolder(with_models).database) as store:
            # As it was before anybody was marked.
            store.database.execute("DELETE FROM look_alikes")
        listed = kiosk("people", "alike", "--json")
        assert listed.code == 0, listed.err
        (pair,) = json.loads(listed.out)["pairs"]
        assert (pair["first_id"], pair["second_id"], pair["is_marked"]) == (1, 3, False)
        assert 0.3 < pair["similarity"] < 1
        assert not any(p["is_look_alike"] for p in people_in(kiosk))
        marked = kiosk("people", "alike", "--mark")
        assert "people pin 3" in marked.out
        assert [p["name"] for p in people_in(kiosk) if p["is_look_alike"]] == ["Ada", "Eve"]
        again = kiosk("people", "alike", "--mark")
        assert "1 pairs." in again.out
        with opened(DataFolder(with_models).database) as store:
            changed = store.events.query(EventQuery(kinds=(EventKind.PERSON_CHANGED,)))
        assert len(changed) == 4

    def test_a_photograph_of_somebody_else_is_refused(self, shared, kiosk, with_models) -> None:
        answer = kiosk("people", "add", "Ada", photo(shared, "L001"), photo(shared, "L005"))
        assert answer.code == 0
        assert "somebody else" in answer.out
        assert people_in(kiosk)[0]["template_count"] == 1

    def test_other_views_of_the_same_person_pass(self, shared, kiosk, with_models) -> None:
        views = ("neutral_front", "neutral_left_3quarter", "neutral_right_3quarter")
        answer = kiosk("people", "add", "Ada", *(photo(shared, "L001", view) for view in views))
        assert "with 3 of 3 photographs" in answer.out

    def test_a_taken_number_changes_nothing(self, shared, kiosk, with_models) -> None:
        kiosk("people", "add", "Ada", photo(shared, "L001"), "--number", "7")
        answer = kiosk("people", "add", "Grace", photo(shared, "L003"), "--number", "7")
        assert answer.code == 1
        assert "Number 7 already belongs to Ada" in answer.err
        assert len(people_in(kiosk)) == 1

    def test_a_running_kiosk_is_not_disturbed(self, shared, kiosk, with_models) -> None:
        with DataFolder(with_models).exclusive():
            answer = kiosk("people", "add", "Ada", photo(shared, "L001"))
        assert answer.code == 1
        assert "Another door-kiosk" in answer.err


@pytest.mark.shared
class TestImport:
    def rows(self) -> list[tuple[str, ...]]:
        return [
            ("Ada", FRONT.format("L001"), "1"),
            ("Grace", FRONT.format("L003"), "2"),
            ("Ada", "london/L001/neutral_left_3quarter.jpg", ""),
            ("Torn", "london/L001/not_there.jpg", "3"),
            ("Twin", "london/L001/smiling_front.jpg", "4"),
            ("Thief", FRONT.format("L007"), "1"),
        ]

    def test_imports_whole_people_and_sums_up(
        self, shared, kiosk, with_models, write_list: Callable[..., Path]
    ) -> None:
        path = write_list(self.rows(), ("person", "path", "number"))
        answer = kiosk("people", "import", path, "--root", shared / "faces", "--consent")
        assert answer.code == 1
        assert "2 of 5 people imported; 3 left out." in answer.out
        assert "Ada: 2 of 2 photographs" in answer.out
        assert "There is no file" in answer.out
        assert "Twin: not imported: looks like Ada" in answer.out
        assert "Thief: not imported: Number 1 already belongs to Ada" in answer.out
        assert [(p["name"], p["template_count"], p["number"]) for p in people_in(kiosk)] == [
            ("Ada", 2, "1"),
            ("Grace", 1, "2"),
        ]

    def test_a_dry_run_says_the_same_and_changes_nothing(
        self, shared, kiosk, with_models, write_list: Callable[..., Path]
    ) -> None:
        path = write_list(self.rows(), ("person", "path", "number"))
        wanted = ("people", "import", path, "--root", shared / "faces")
        dry = kiosk(*wanted, "--dry-run")
        assert dry.code == 1
        assert "2 of 5 people could be imported" in dry.out
        assert not DataFolder(with_models).database.exists()
        wet = kiosk(*wanted)
        assert dry.out.splitlines()[:7] == wet.out.splitlines()[:7]

    def test_a_disk_that_fails_leaves_nobody_half_imported(
        self, shared, kiosk, with_models, write_list: Callable[..., Path], monkeypatch
    ) -> None:
        from kiosk.errors import StoreError
        from kiosk.store.events import EventLog

        append_all = EventLog.append_all

        def full(log, events):
            if log.count():
                raise StoreError("The disk is full.")
            return append_all(log, events)

        monkeypatch.setattr(EventLog, "append_all", full)
        path = write_list(self.rows()[:2], ("person", "path", "number"))
        answer = kiosk("people", "import", path, "--root", shared / "faces")
        assert answer.code == 1 and "The disk is full." in answer.err
        # The second person's event could not be written, so there is no second person.
        assert [p["name"] for p in people_in(kiosk)] == ["Ada"]

    @pytest.mark.parametrize(
        ("columns", "rows", "words"),
        [
            (("name", "path"), [("Ada", "x.jpg")], "lacks the column person"),
            (("person", "path"), [("", "x.jpg")], "names no person"),
            (("person", "path"), [("Ada", "")], "the path is empty"),
            (("person", "path"), [], "lists no photographs"),
            (
                ("person", "path", "number"),
                [("Ada", "x.jpg", "1"), ("Ada", "y.jpg", "2")],
                "has the numbers 1 and 2",
            ),
        ],
    )
    def test_a_wrong_list_is_refused(
        self, kiosk, with_models, write_list: Callable[..., Path], columns, rows, words
    ) -> None:
        answer = kiosk("people", "import", write_list(rows, columns))
        assert answer.code == 1
        assert words in answer.err and answer.err.count("\n") == 1


class TestListAndRemove:
    @pytest.fixture
    def three(self, data: Path) -> Path:
        DataFolder(data).create()
        with opened(DataFolder(data).database) as store:
            store.people.add("Åsa", "1", None, 0)
            store.people.add("Bo", "2", 0, 0)
            store.people.add("Bo", "", 0, 0)
        return data

    def test_list_searches(self, kiosk, three) -> None:
        assert sorted(str(p["name"]) for p in people_in(kiosk)) == ["Bo", "Bo", "Åsa"]
        answer = kiosk("people", "list", "--search", "ÅS")
        assert "Åsa" in answer.out and "Bo" not in answer.out
        assert "1 people." in answer.out

    def test_list_works_beside_a_running_kiosk(self, kiosk, three) -> None:
        with DataFolder(three).exclusive(), opened(DataFolder(three).database):
            assert kiosk("people", "list").code == 0

    def test_hours_are_set_listed_and_logged(self, kiosk, three) -> None:
        answer = kiosk("people", "hours", "åsa", "mon-fri 8:00 - 18:00;Sat 09:00-12:00")
        assert answer.code == 0, answer.err
        assert "Åsa (id 1) may enter: Mon-Fri 08:00-18:00; Sat 09:00-12:00." in answer.out
        listed = {p["id"]: p["hours"] for p in people_in(kiosk)}
        assert listed == {1: "Mon-Fri 08:00-18:00; Sat 09:00-12:00", 2: "", 3: ""}
        assert kiosk("people", "list").out.count("always") == 2
        assert kiosk("people", "hours", "1", "always").code == 0
        assert {p["hours"] for p in people_in(kiosk)} == {""}
        with opened(DataFolder(three).database) as store:
            events = [(e.kind, e.person_id, e.detail) for e in store.events.query()]
        assert events == [
            (
                EventKind.PERSON_CHANGED,
                1,
                "access hours Mon-Fri 08:00-18:00; Sat 09:00-12:00",
            ),
            (EventKind.PERSON_CHANGED, 1, "access hours always"),
        ]

    @pytest.mark.parametrize(
        ("who", "hours", "said"),
        [
            ("1", " ", "HOURS is empty"),
            ("1", "Moon 08:00-18:00", "no day 'Moon'"),
            ("1", "whenever", "cannot be read"),
            ("Bo", "never", "2 (number 2), 3"),
            ("Nobody", "never", "Nobody is enrolled under"),
        ],
    )
    def test_hours_that_cannot_be_meant_change_nothing(
        self, kiosk, three, who, hours, said
    ) -> None:
        answer = kiosk("people", "hours", who, hours)
        assert answer.code == 1
        assert said in answer.err and answer.err.count("\n") == 1
        assert {p["hours"] for p in people_in(kiosk)} == {""}

    def give_pin(self, kiosk, monkeypatch, who: str, pin: str):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{pin}\n"))
        return kiosk("people", "pin", who)

    def test_a_pin_is_set_and_removed_and_never_shown(self, kiosk, three, monkeypatch) -> None:
        answer = self.give_pin(kiosk, monkeypatch, "åsa", "7294")
        assert answer.code == 0, answer.err
        assert "Åsa (id 1) has a PIN." in answer.out
        assert [p["has_pin"] for p in people_in(kiosk) if p["id"] == 1] == [True]
        assert kiosk("people", "pin", "1", "--remove").code == 0
        assert not any(p["has_pin"] for p in people_in(kiosk))
        with opened(DataFolder(three).database) as store:
            events = [(e.kind, e.person_id, e.detail) for e in store.events.query()]
            assert b"7294" not in store.database.path.read_bytes()
        assert events == [
            (EventKind.PERSON_CHANGED, 1, "personal PIN set"),
            (EventKind.PERSON_CHANGED, 1, "personal PIN removed"),
        ]
        assert "7294" not in answer.out + answer.err + kiosk("people", "list").out

    @pytest.mark.parametrize(
        ("who", "pin", "said"),
        [
            ("1", "1234", "too easy to guess"),
            ("1", "729", "4 to 8 digits"),
            ("1", "", "digits only"),
            ("Bo", "7294", "2 (number 2), 3"),
            ("9", "7294", "Nobody is enrolled"),
        ],
    )
    def test_a_pin_that_cannot_be_is_a_sentence(
        self, kiosk, three, monkeypatch, who: str, pin: str, said: str
    ) -> None:
        answer = self.give_pin(kiosk, monkeypatch, who, pin)
        assert answer.code == 1
        assert said in answer.err and answer.err.count("\n") == 1
        assert not any(p["has_pin"] for p in people_in(kiosk))

    def test_people_who_are_told_apart_again_are_parted_by_hand(self, kiosk, three) -> None:
        with opened(DataFolder(three).database) as store:
            store.look_alikes.mark(1, [2])
        answer = kiosk("people", "alike", "--part", "2", "åsa")
        assert answer.code == 0, answer.err
        assert not any(p["is_look_alike"] for p in people_in(kiosk))
        with opened(DataFolder(three).database) as store:
            changed = [(e.person_id, e.detail) for e in store.events.query()]
        assert changed == [
            (2, "no longer held for a look-alike of 1"),
            (1, "no longer held for a look-alike of 2"),
        ]
        again = kiosk("people", "alike", "--part", "2", "1")
        assert again.code == 1 and "are not marked" in again.err

    def test_look_alikes_are_listed_with_what_they_lack(self, kiosk, three, monkeypatch) -> None:
        with opened(DataFolder(three).database) as store:
            store.look_alikes.mark(1, [2])
        assert kiosk("people", "list").out.count("missing") == 2
        self.give_pin(kiosk, monkeypatch, "1", "7294")
        assert "Choose another" in self.give_pin(kiosk, monkeypatch, "2", "7294").err
        listed = kiosk("people", "list").out
        assert (listed.count("missing"), listed.count("asked for")) == (1, 1)
        assert "stays locked for them" in kiosk("people", "pin", "1", "--remove").out

    def test_remove_by_name_deletes_and_logs(self, kiosk, three) -> None:
        answer = kiosk("people", "remove", "åsa")
        assert answer.code == 0, answer.err
        assert len(people_in(kiosk)) == 2
        with opened(DataFolder(three).database) as store:
            (event,) = store.events.query()
        assert (event.kind, event.person_id, event.person_name, event.detail) == (
            EventKind.PERSON_DELETED,
            1,
            "",
            "",
        )

    def test_an_ambiguous_name_lists_the_ids(self, kiosk, three) -> None:
        answer = kiosk("people", "remove", "bo")
        assert answer.code == 1
        assert "2 (number 2), 3" in answer.err
        assert len(people_in(kiosk)) == 3
        assert kiosk("people", "remove", "3").code == 0
        assert sorted(p["id"] for p in people_in(kiosk)) == [1, 2]

    def test_an_unknown_name_is_a_sentence(self, kiosk, three) -> None:
        answer = kiosk("people", "remove", "B")
        assert answer.code == 1 and "Nobody is enrolled under" in answer.err

    @pytest.mark.parametrize(("typed", "left"), [("n", 3), ("", 3), ("y", 2), ("YES", 2)])
    def test_on_a_terminal_it_asks(self, kiosk, three, monkeypatch, typed, left) -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        asked = []
        monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or typed)
        kiosk("people", "remove", "1")
        assert "Åsa (id 1, number 1)" in asked[0]
        assert len(people_in(kiosk)) == left

    def test_yes_does_not_ask(self, kiosk, three, monkeypatch) -> None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        assert kiosk("people", "remove", "1", "--yes").code == 0

    def test_without_a_database_it_says_so(self, kiosk) -> None:
        answer = kiosk("people", "list")
        assert answer.code == 1 and "There is no database" in answer.err
