"""What an administrator can do, as tiles."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot

from kiosk.domain import Event
from ui import righttexts, texts, theme
from ui.bridge import EngineBridge, EngineLike
from ui.screens.base import Screen
from ui.widgets.icons import Tile


class Menu(Screen):
    """Twelve tiles: the door, people, times, the house."""

    # The name of the page to open.
    chosen = Signal(str)

    _TILES = (
        ("door", "door", righttexts.DOOR, righttexts.DOOR_NOTE),
        ("alarms", "bell", righttexts.ALARMS, righttexts.ALARMS_NOTE),
        ("people", "people", texts.ADMIN_PEOPLE, texts.ADMIN_PEOPLE_NOTE),
        ("enrol", "person_add", texts.ADMIN_ENROL, texts.ADMIN_ENROL_NOTE),
        ("guest", "ticket", righttexts.GUEST, righttexts.GUEST_NOTE),
        ("groups", "group", righttexts.GROUPS, righttexts.GROUPS_NOTE),
        ("schedules", "week", righttexts.SCHEDULES, righttexts.SCHEDULES_NOTE),
        ("holidays", "calendar", righttexts.HOLIDAYS, righttexts.HOLIDAYS_NOTE),
        ("events", "list", texts.ADMIN_EVENTS, texts.ADMIN_EVENTS_NOTE),
        ("lists", "table", righttexts.LISTS, righttexts.LISTS_NOTE),
        ("diagnostics", "pulse", texts.ADMIN_DIAGNOSTICS, texts.ADMIN_DIAGNOSTICS_NOTE),
        ("pin", "key", texts.ADMIN_PIN, texts.ADMIN_PIN_NOTE),
    )

    def __init__(self, engine: EngineLike, bridge: EngineBridge) -> None:
        super().__init__()
        self._engine = engine
        self._bridge = bridge
        self.tiles: dict[str, Tile] = {}
        self._grid = theme.grid(16, (32, 8, 32, 28))
        for page, icon, title, note in self._TILES:
            # With a parent from the start: what has none is not scaled with the window.
            tile = Tile(icon, title, note, self)
            tile.setProperty("page", page)
            tile.clicked.connect(self._choose)
            self.tiles[page] = tile
        self.setLayout(self._grid)
        bridge.door_shown.connect(self._show_door)
        bridge.alarms_shown.connect(self._count_alarms)

    def enter(self) -> None:
        self._show_door()
        self._count_alarms()

    def arrange(self, portrait: bool) -> None:
        columns = 3 if portrait else 4
        for place, tile in enumerate(self.tiles.values()):
            self._grid.addWidget(tile, place // columns, place % columns)
        for line in range(4):
            self._grid.setRowStretch(line, 1 if line < len(self.tiles) // columns else 0)
            self._grid.setColumnStretch(line, 1 if line < columns else 0)

    @Slot()
    def _count_alarms(self) -> None:
        self.ask(self._engine.rights.open_alarms(), self._show_alarms)

    def _show_alarms(self, alarms: list[Event]) -> None:
        tone = "danger" if alarms else ""
        self.tiles["alarms"].set_note(righttexts.open_alarms(len(alarms)), tone)

    @Slot()
    def _show_door(self) -> None:
        door = self._bridge.door
        if door is not None and door.is_lockdown:
            self.tiles["door"].set_note(righttexts.DOOR_NOTE_LOCKDOWN, "danger")
        elif door is not None and door.is_free:
            self.tiles["door"].set_note(righttexts.DOOR_NOTE_FREE, "warning")
        else:
            self.tiles["door"].set_note(righttexts.DOOR_NOTE)

    @Slot()
    def _choose(self) -> None:
        sender = self.sender()
        if sender is not None:
            self.chosen.emit(sender.property("page"))
