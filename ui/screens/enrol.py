"""Enrol a person: a form, five guided views, save. Also takes new pictures of somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot

from kiosk.domain import Person
from kiosk.errors import KioskError
from ui import texts, theme
from ui.bridge import EngineBridge, EngineLike
from ui.screens.base import Screen
from ui.widgets.busy import Busy
from ui.widgets.capture import CapturePage
from ui.widgets.enrolform import EnrolForm
from ui.widgets.pages import Pages
from ui.widgets.sheet import ConfirmSheet

if TYPE_CHECKING:
    from kiosk.enrolment import EnrolmentProgress


class EnrolScreen(Screen):
    """Leads through an enrolment; leaving it throws the pictures away."""

    # The person is saved, or the enrolment was given up.
    finished = Signal()
    # The person is saved and looks like others: list[Person], those of them without a PIN.
    pins_needed = Signal(object)
    # One more view was taken: somebody is standing there.
    shot_taken = Signal()

    def __init__(self, engine: EngineLike, bridge: EngineBridge) -> None:
        super().__init__()
        self._engine = engine
        self._person: Person | None = None
        self._saved_person: Person | None = None
        self._capturing = False
        self._taken = 0
        self._alike_accepted = False
        self.form = EnrolForm()
        self.form.submitted.connect(self._start)
        self.capture = CapturePage()
        self.capture.save_button.clicked.connect(self._save)
        self.capture.retake_button.clicked.connect(self._retake)
        self._saving = Busy(texts.ENROL_SAVING, icon="person_add")
        self._steps = Pages()
        for step in (self.form, self.capture, self._saving):
            self._steps.addWidget(step)
        layout = theme.column()
        layout.addWidget(self._steps)
        self.setLayout(layout)
        bridge.frame_shown.connect(self.capture.preview.show_frame)
        bridge.result_shown.connect(self.capture.preview.show_result)
        bridge.enrolment_shown.connect(self._show_progress)

    @property
    def is_reenrolment(self) -> bool:
        """Whether new pictures are taken of somebody who is enrolled already."""
        return self._person is not None

    def prepare(self, person: Person | None) -> None:
        """Choose whom to enrol before the screen is entered; None for somebody new."""
        self._person = person

    def enter(self) -> None:
        if self._person is None:
            self.form.clear()
            self._steps.setCurrentWidget(self.form)
            self.form.enter()
        else:
            self._begin(self._person.name)

    def leave(self) -> None:
        self._cancel_capture()
        self.form.keyboard.hide()
        super().leave()

    def arrange(self, portrait: bool) -> None:
        self.form.arrange(portrait)
        self.capture.arrange(portrait)

    # --- taking the views -------------------------------------------------------------------------

    @Slot()
    def _start(self) -> None:
        if self._capturing:
            # The views are taken already; only the form had to be corrected.
            self._save()
        else:
            self._begin(self.form.name())

    def _begin(self, name: str) -> None:
        try:
            self._engine.begin_enrolment(None if self._person is None else self._person.id)
        except KioskError as error:
            # The camera or the face models are missing; the form stays as it is.
            self.show_fault(str(error))
            if self.is_reenrolment:
                self.finished.emit()
            return
        self._alike_accepted = False
        self._taken = 0
        self._capturing = True
        self.capture.restart(name)
        self._steps.setCurrentWidget(self.capture)

    def _cancel_capture(self) -> None:
        if self._capturing:
            self._capturing = False
            self._engine.cancel_enrolment()

    @Slot()
    def _retake(self) -> None:
        self._taken = 0
        self._alike_accepted = False
        self.capture.restart(self._name())
        self._engine.retake_enrolment()

    @Slot(object)
    def _show_progress(self, progress: EnrolmentProgress) -> None:
        if not self._capturing:
            return
        self.capture.show_progress(progress)
        if len(progress.taken) > self._taken:
            self.shot_taken.emit()
        self._taken = len(progress.taken)
        if progress.look_alike and not self._alike_accepted and self.question is None:
            self._warn_alike(progress)

    def _warn_alike(self, progress: EnrolmentProgress) -> None:
        text = texts.looks_like(progress.look_alike, progress.look_alike_similarity)
        sheet = ConfirmSheet(
            self.window(),
            texts.ENROL_ALIKE_TITLE,
            text,
            texts.ENROL_ANYWAY,
            texts.ENROL_GO_BACK,
            prefer_no=True,
            icon="people",
        )
        sheet.accepted.connect(self._accept_alike)
        sheet.rejected.connect(self._give_up)
        sheet.dismissed.connect(self._forget_question)
        self.question = sheet
        sheet.open()

    @Slot()
    def _accept_alike(self) -> None:
        self._alike_accepted = True

    @Slot()
    def _give_up(self) -> None:
        if not self._capturing:
            return
        self._cancel_capture()
        if self.is_reenrolment:
            self.finished.emit()
        else:
            self._steps.setCurrentWidget(self.form)
            self.form.enter()

    # --- saving -----------------------------------------------------------------------------------

    def _name(self) -> str:
        return self.form.name() if self._person is None else self._person.name

    @Slot()
    def _save(self) -> None:
        number = self.form.number() if self._person is None else self._person.number
        self._steps.setCurrentWidget(self._saving)
        self.ask(self._engine.save_enrolment(self._name(), number), self._saved, self._not_saved)

    def _saved(self, person: Person) -> None:
        # Otherwise the engine would go on with a capture that is finished, and decide about nobody.
        self._cancel_capture()
        self.notice_raised.emit(texts.enrolled(person.name), "ok")
        if person.is_look_alike:
            self._saved_person = person
            self.ask(self._engine.look_alikes(person.id), self._found_alike, self._finish)
        else:
            self.finished.emit()

    def _found_alike(self, others: list[Person]) -> None:
        people = [] if self._saved_person is None else [self._saved_person, *others]
        without = [person for person in people if not person.has_pin]
        if without:
            self.pins_needed.emit(without)
        else:
            self.finished.emit()

    def _finish(self, sentence: str) -> None:
        self.show_fault(sentence)
        self.finished.emit()

    def _not_saved(self, sentence: str) -> None:
        self.show_fault(sentence)
        if self.is_reenrolment:
            self._steps.setCurrentWidget(self.capture)
        else:
            # The views are kept: a number that is taken is corrected without new pictures.
            self.form.ask_correction()
            self._steps.setCurrentWidget(self.form)
