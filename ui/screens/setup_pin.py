"""Choose the administrator's PIN: on the first start, and to change it."""

from __future__ import annotations

from concurrent.futures import Future

from kiosk.access.pin import ADMIN_PIN
from ui import texts
from ui.bridge import EngineLike
from ui.screens.choosepin import ChoosePinPage


class SetupPinScreen(ChoosePinPage):
    """Ask for a new PIN twice and set it."""

    def __init__(self, engine: EngineLike, *, first_start: bool) -> None:
        super().__init__(
            texts.SETUP_TITLE if first_start else texts.CHANGE_TITLE,
            texts.SETUP_PROMPT if first_start else texts.CHANGE_PROMPT,
            ADMIN_PIN,
            cancel="" if first_start else texts.CANCEL,
        )
        self._engine = engine

    def store(self, pin: str) -> Future[None]:
        return self._engine.set_admin_pin(pin)
