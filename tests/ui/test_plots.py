"""Scores and refusals: what is kept, what is drawn, and what is said of it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from kiosk.domain import Guidance
from tests.ui.conftest import Stage, compared_result, drawn_frame, drawn_result, refused_result
from ui import texts, theme
from ui.history import WINDOW_S, History, Score
from ui.widgets.plots import RefusalBars, ScorePlot

S = 1_000_000_000
NOW = 10_000 * S


def shown(qtbot: Any, widget: QWidget, width: int = 560, height: int = 240) -> Any:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    return widget


def columns_of(image: QImage, colour: str) -> list[int]:
    wanted = QColor(colour).rgb()
    return [
        x
        for x in range(image.width())
        if any(image.pixel(x, y) == wanted for y in range(30, image.height() - 26))
    ]


def rows_of(image: QImage, colour: str) -> list[int]:
    wanted = QColor(colour).rgb()
    return [
        y
        for y in range(image.height())
        if any(image.pixel(x, y) == wanted for x in range(image.width()))
    ]


# --- what is kept ---------------------------------------------------------------------------------


def test_scores_and_refusals_are_kept_apart_and_empty_rooms_nowhere() -> None:
    history = History()
    history.add(compared_result(NOW, 0.7))
    history.add(compared_result(NOW + S, 0.2))
    for guidance in (Guidance.MORE_LIGHT, Guidance.MORE_LIGHT, Guidance.NO_FACE):
        history.add(refused_result(NOW, guidance))
    history.add(drawn_result(drawn_frame(NOW, width=64, height=36)))  # nobody is enrolled
    assert history.scores(NOW + S) == [
        Score(NOW, 0.7, 0.42, True),
        Score(NOW + S, 0.2, 0.42, False),
    ]
    assert history.refusals == {Guidance.MORE_LIGHT: 2}
    assert history.compared == 2


def test_old_scores_are_forgotten_and_refusals_are_not() -> None:
    history = History()
    for second in range(WINDOW_S + 60):
        history.add(compared_result(NOW + second * S, 0.5))
    history.add(refused_result(NOW, Guidance.HOLD_STILL))
    later = NOW + (WINDOW_S + 59) * S
    assert len(history.scores(later)) == WINDOW_S + 1
    assert history.scores(later + 2 * WINDOW_S * S) == []
    assert history.refusals.total() == 1
    assert history.compared == WINDOW_S + 60


def test_the_memory_is_bounded() -> None:
    history, result = History(), compared_result(NOW, 0.5)
    for _ in range(7000):
        history.add(result)
    assert len(history.scores(NOW)) == 6000


# --- the plot of scores ---------------------------------------------------------------------------


def test_each_score_is_a_dot_at_its_time_and_height(qapp: Any, qtbot: Any) -> None:
    plot = shown(qtbot, ScorePlot())
    plot.show_scores([Score(NOW - 60 * S, 0.8, 0.4, True), Score(NOW, 0.2, 0.4, False)], NOW)
    image = plot.grab().toImage()
    (green, red) = (columns_of(image, colour) for colour in (theme.OK, theme.DANGER))
    left = plot.theme.px(36)
    expected = plot.width() - (plot.width() - left) * 60 / WINDOW_S
    assert sum(green) / len(green) == pytest.approx(expected, abs=3)
    assert max(red) >= plot.width() - 3
    # Below the legend, which has dots of both colours itself.
    higher = [y for y in rows_of(image, theme.OK) if y > 30]
    lower = [y for y in rows_of(image, theme.DANGER) if y > 30]
    assert max(higher) < min(lower)


@pytest.mark.parametrize("similarity", [-0.4, 1.3])
def test_scores_beyond_the_axis_stay_on_it(qapp: Any, qtbot: Any, similarity: float) -> None:
    plot = shown(qtbot, ScorePlot())
    plot.show_scores([Score(NOW, similarity, 0.4, True)], NOW)
    assert columns_of(plot.grab().toImage(), theme.OK)


def test_the_plot_says_what_it_shows(qapp: Any, qtbot: Any) -> None:
    plot = shown(qtbot, ScorePlot())
    assert plot.accessibleDescription() == texts.DIAG_NO_SCORES
    plot.show_scores([Score(NOW, 0.7, 0.4, True), Score(NOW, 0.0, 0.41, False)], NOW)
    assert plot.accessibleName() == texts.DIAG_SCORES
    assert plot.accessibleDescription() == (
        "2 compared, 1 passed. The last one: similarity 0.00, threshold 0.41."
    )


def test_a_full_plot_is_painted_in_time(qapp: Any, qtbot: Any) -> None:
    plot = shown(qtbot, ScorePlot())
    scores = [Score(NOW - n * S // 20, 0.5, 0.4, n % 3 > 0) for n in range(6000)][::-1]
    plot.show_scores(scores, NOW)
    plot.grab()
    started = time.perf_counter()
    plot.grab()
    assert time.perf_counter() - started < 0.5


# --- the bars of refusals -------------------------------------------------------------------------


def test_bars_are_sorted_and_the_rare_reasons_share_one(qapp: Any, qtbot: Any) -> None:
    bars = shown(qtbot, RefusalBars())
    reasons = [g for g in Guidance if g is not Guidance.NO_FACE][:8]
    bars.show_refusals({reason: n + 1 for n, reason in enumerate(reasons)}, compared=100)
    assert len(bars.rows) == RefusalBars.ROWS
    assert [count for _, count in bars.rows] == [8, 7, 6, 5, 4 + 3 + 2 + 1]
    assert bars.rows[0][0] == texts.GUIDANCE[reasons[7]].headline
    assert bars.rows[-1][0] == texts.DIAG_OTHER_REASONS
    lengths = columns_of(bars.grab().toImage(), theme.WARNING)
    assert max(lengths) - min(lengths) > 100


def test_the_bars_say_what_they_show(qapp: Any, qtbot: Any) -> None:
    bars = shown(qtbot, RefusalBars())
    assert bars.accessibleDescription() == texts.DIAG_NO_REFUSALS
    bars.show_refusals({Guidance.MORE_LIGHT: 3}, compared=9)
    assert bars.accessibleDescription() == "9 compared; Too dark: 3."
    assert texts.count_and_share(3, 12) == "3 (25 %)"
    assert texts.count_and_share(0, 0) == "0 (0 %)"


# --- on the screen --------------------------------------------------------------------------------


def test_what_happened_while_the_screen_was_hidden_is_shown_when_it_opens(stage: Stage) -> None:
    now_ns = time.monotonic_ns()
    for result in (
        compared_result(now_ns - 3 * S, 0.7),
        refused_result(now_ns - 2 * S, Guidance.LESS_LIGHT),
    ):
        stage.engine.results.put(result)
        stage.bridge.result_arrived()
        stage.settle()
    stage.open_admin()
    stage.window.admin.menu.tiles["diagnostics"].click()
    stage.settle()
    page = stage.window.admin.diagnostics
    assert page.pages.currentIndex() == 0
    assert page.scores.accessibleDescription().startswith("1 compared, 1 passed.")
    assert page.refusals.rows == [("Too bright", 1)]
    page.page_buttons[1].click()
    assert page.bars.isVisible()
    assert not page.scores.isVisible()
