"""Who is enrolled: search, block and allow, take new pictures, delete."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from kiosk.domain import Person
from ui import righttexts, texts, theme
from ui.bridge import EngineLike
from ui.screens.base import Screen, label
from ui.widgets.icons import IconButton, IconDisc
from ui.widgets.keyboard import Keyboard
from ui.widgets.pages import Pages
from ui.widgets.plain import PlainButton
from ui.widgets.rows import ItemModel, PersonDelegate, RowList


class PersonCard(QFrame):
    """One person, and what can be done about them."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("card", "true")
        self.name = label("", "heading")
        self.number = label("", "soft")
        self.state = label("", "body")
        self.facts = label("", "small")
        self.enable_button = PlainButton(texts.PEOPLE_DISABLE)
        self.rights_button = IconButton("clock", righttexts.RIGHTS, kind="")
        self.reenrol_button = IconButton("face", texts.PEOPLE_REENROL, kind="")
        self.pin_button = IconButton("key", texts.PEOPLE_PIN_SET, kind="")
        self.delete_button = IconButton(
            "trash", texts.PEOPLE_DELETE, kind="quiet", colour=theme.DANGER
        )
        head = theme.row(18)
        head.addWidget(IconDisc("person", theme.ACCENT, 76), 0, Qt.AlignmentFlag.AlignTop)
        who = theme.column(4)
        who.addWidget(self.name)
        who.addWidget(self.number)
        head.addLayout(who, 1)
        layout = theme.column(12, (24, 24))
        layout.addLayout(head)
        layout.addWidget(self.state)
        layout.addWidget(self.facts)
        layout.addStretch(1)
        self._buttons = theme.grid(12)
        layout.addLayout(self._buttons)
        self.setLayout(layout)
        self.arrange(False)

    def arrange(self, portrait: bool) -> None:
        """Put the buttons in two columns on a portrait screen, where the card is wide."""
        buttons = (
            self.rights_button,
            self.enable_button,
            self.pin_button,
            self.reenrol_button,
            self.delete_button,
        )
        columns = 2 if portrait else 1
        for place, button in enumerate(buttons):
            self._buttons.addWidget(button, place // columns, place % columns)

    def show_person(self, person: Person) -> None:
        """Show one person."""
        self.name.setText(person.name)
        self.number.setText(person.number or texts.PEOPLE_NO_NUMBER)
        self.state.setText(texts.PEOPLE_ENABLED if person.enabled else texts.PEOPLE_DISABLED)
        theme.restyle(self.state, tone="ok" if person.enabled else "danger")
        date = f"{datetime.fromtimestamp(person.created_at_ms / 1000):%Y-%m-%d}"
        facts = (
            texts.templates(person.template_count),
            texts.since(date),
            texts.person_facts(person.has_pin, person.is_look_alike),
        )
        self.facts.setText("\n".join(filter(None, facts)))
        self.pin_button.setText(texts.PEOPLE_PIN_CHANGE if person.has_pin else texts.PEOPLE_PIN_SET)
        self.enable_button.setText(texts.PEOPLE_DISABLE if person.enabled else texts.PEOPLE_ENABLE)


class PeopleScreen(Screen):
    """A searchable list, and the person chosen from it."""

    # Take new pictures of this Person.
    reenrol_requested = Signal(object)
    # Show and change what this Person may.
    rights_requested = Signal(object)
    # Set or remove the PIN of this Person.
    pin_requested = Signal(object)

    def __init__(self, engine: EngineLike) -> None:
        super().__init__()
        self._engine = engine
        self._chosen: Person | None = None
        self.search_field = QLineEdit()
        self.search_field.setPlaceholderText(texts.PEOPLE_SEARCH)
        self.search_field.setClearButtonEnabled(False)
        self.search_field.textChanged.connect(self._search_soon)
        self._search_timer = QTimer(self)
        self._search_timer.setSingleShot(True)
        self._search_timer.setInterval(200)
        self._search_timer.timeout.connect(self.refresh)
        self.model: ItemModel[Person] = ItemModel(self)
        self.list = RowList()
        self.list.setModel(self.model)
        self.list.setItemDelegate(PersonDelegate(self.list))
        self.list.clicked.connect(self._choose)
        self.card = PersonCard()
        self.card.enable_button.clicked.connect(self._toggle_enabled)
        self.card.reenrol_button.clicked.connect(self._reenrol)
        self.card.rights_button.clicked.connect(self._open_rights)
        self.card.pin_button.clicked.connect(self._set_pin)
        self.card.delete_button.clicked.connect(self._ask_delete)
        self.empty_label = label(texts.PEOPLE_NONE, "soft")
        self.empty_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint = label(texts.PEOPLE_CHOOSE, "soft")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.keyboard = Keyboard()
        self.keyboard.attach(self.search_field)
        self.keyboard.hide()
        self._lay_out()

    def _lay_out(self) -> None:
        self._list_stack = Pages()
        self._list_stack.addWidget(self.list)
        self._list_stack.addWidget(self.empty_label)
        self._card_stack = Pages()
        self._card_stack.addWidget(self.hint)
        self._card_stack.addWidget(self.card)
        left = QWidget()
        column = theme.column(14)
        column.addWidget(self.search_field)
        column.addWidget(self._list_stack, 1)
        left.setLayout(column)
        self._halves = theme.row(24)
        self._halves.addWidget(left, 62)
        self._halves.addWidget(self._card_stack, 38)
        layout = theme.column(16, (32, 8, 32, 24))
        layout.addLayout(self._halves, 1)
        layout.addWidget(self.keyboard)
        self.setLayout(layout)

    def enter(self) -> None:
        self._show_chosen(None)
        self.search_field.clear()
        self.keyboard.hide()
        self.setFocus()
        self.refresh()

    def leave(self) -> None:
        self._search_timer.stop()
        self.keyboard.hide()
        super().leave()

    def arrange(self, portrait: bool) -> None:
        theme.set_direction(self._halves, portrait=portrait)
        self.card.arrange(portrait)

    # --- the list ---------------------------------------------------------------------------------

    @Slot()
    def refresh(self) -> None:
        """Ask for the people that match the search."""
        self.ask(self._engine.people(self.search_field.text().strip()), self._show_people)

    def _search_soon(self) -> None:
        self._search_timer.start()

    def _show_people(self, people: list[Person]) -> None:
        self.model.replace(people)
        searched = bool(self.search_field.text().strip())
        self.empty_label.setText(texts.PEOPLE_NO_MATCH if searched else texts.PEOPLE_NONE)
        self._list_stack.setCurrentIndex(0 if people else 1)
        chosen_id = self._chosen.id if self._chosen is not None else None
        found = [row for row, person in enumerate(people) if person.id == chosen_id]
        self._show_chosen(people[found[0]] if found else None)
        if found:
            self.list.setCurrentIndex(self.model.index(found[0], 0))

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        self._show_chosen(index.data(Qt.ItemDataRole.UserRole))

    def _show_chosen(self, person: Person | None) -> None:
        self._chosen = person
        if person is not None:
            self.card.show_person(person)
        self._card_stack.setCurrentIndex(0 if person is None else 1)

    # --- what can be done -------------------------------------------------------------------------

    @Slot()
    def _toggle_enabled(self) -> None:
        if self._chosen is not None:
            future = self._engine.set_person_enabled(self._chosen.id, not self._chosen.enabled)
            self.ask(future, self._changed)

    def _changed(self, person: Person) -> None:
        self._show_chosen(person)
        self.refresh()

    @Slot()
    def _reenrol(self) -> None:
        if self._chosen is not None:
            self.reenrol_requested.emit(self._chosen)

    @Slot()
    def _open_rights(self) -> None:
        if self._chosen is not None:
            self.rights_requested.emit(self._chosen)

    @Slot()
    def _set_pin(self) -> None:
        if self._chosen is not None:
            self.pin_requested.emit(self._chosen)

    @Slot()
    def _ask_delete(self) -> None:
        if self._chosen is not None:
            self.ask_first(
                texts.delete_title(self._chosen.name),
                texts.PEOPLE_DELETE_TEXT,
                texts.PEOPLE_DELETE,
                self._delete,
                danger=True,
                icon="trash",
            )

    @Slot()
    def _delete(self) -> None:
        if self._chosen is not None:
            self.ask(self._engine.delete_person(self._chosen.id), self._deleted)

    def _deleted(self, _: None) -> None:
        self._show_chosen(None)
        self.refresh()
