"""Why a photograph is refused, in words for whoever chose it."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk.domain import Guidance
from kiosk.evaluation import UNREADABLE

REFUSALS: Mapping[Guidance, str] = {
    Guidance.NO_FACE: "no face was found in it",
    Guidance.STEP_CLOSER: "the face is too small; use a larger picture or one from nearer",
    Guidance.STEP_BACK: "the face is cut off because it is too near; use one from farther away",
    Guidance.MOVE_INTO_VIEW: "the face is cut off at the edge of the picture",
    Guidance.ONE_AT_A_TIME: "several faces are in it; use a picture of one person",
    Guidance.LOOK_AT_CAMERA: "the face is turned away too far; use one that looks at the camera",
    Guidance.HEAD_UPRIGHT: "the head leans too far to the side; use an upright one",
    Guidance.MORE_LIGHT: "it is too dark; use one taken in more light",
    Guidance.LESS_LIGHT: "it is too bright; use one that is not overexposed",
    Guidance.EVEN_LIGHT: "the light comes from one side only; use one with even light",
    Guidance.HOLD_STILL: "it is blurred; use a sharp one",
    Guidance.UNCOVER_FACE: "part of the face is covered; use one without mask or dark glasses",
    Guidance.PRESENTATION: "it shows a picture of a face; use one taken of the person",
}


def refusal_in_words(value: str) -> str:
    """Return the words for a refusal as it stands in an evaluation's rows."""
    if value == UNREADABLE:
        return "the file cannot be read"
    return REFUSALS[Guidance(value)].partition(";")[0]
