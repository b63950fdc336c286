"""The nouns of the program: frozen values that travel between its stages.

Units are part of the names. Times ending in ``_ns`` are monotonic clock readings
(``time.monotonic_ns``); ``at_ms`` is UTC wall-clock time in integer milliseconds, which sorts
correctly in SQLite. Pixel coordinates follow OpenCV: x right, y down, and the centre of the
top-left pixel is (0, 0). "Left" and "right" of a face are the *viewer's*, as seen in the frame.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kiosk.doorinputs import DoorInputs as DoorInputs

Pixels = NDArray[np.uint8]
"""An image, shape (height, width, 3), dtype uint8, channel order BGR (OpenCV's)."""


# --- what a camera delivers -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a camera; the pixels are never written to after it is made."""

    pixels: Pixels
    captured_at_ns: int
    sequence: int = 0
    label: str = ""
    """Where it came from when that is worth saying (a file name); empty for a live camera."""

    @property
    def height_px(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width_px(self) -> int:
        return int(self.pixels.shape[1])


class CameraState(enum.Enum):
    """What the capture thread is doing."""

    OPENING = "opening"
    STREAMING = "streaming"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """State of the camera, with a sentence for people when something is wrong."""

    state: CameraState
    source: str
    message: str = ""
    width_px: int = 0
    height_px: int = 0


# --- a face in a frame ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in frame pixels; it may reach beyond the frame."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A face found by the detector.

    ``landmarks`` has shape (5, 2), dtype float32, frame pixels, in the order: eye on the left of
    the picture, eye on the right, nose tip, mouth corner on the left, mouth corner on the right.
    """

    box: Box
    landmarks: NDArray[np.float32]
    score: float

    @property
    def eye_distance_px(self) -> float:
        """Distance between the eye centres in frame pixels (foreshortened when the head turns)."""
        return float(np.linalg.norm(self.landmarks[1] - self.landmarks[0]))


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Rotation of a head in degrees; all zero when it faces the camera.

    ``yaw_deg`` > 0: the nose points to the right of the picture. ``pitch_deg`` > 0: it points up.
    ``roll_deg`` > 0: the head leans clockwise as seen in the picture.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the picture of a face is like; computed by :mod:`kiosk.vision.conditions`."""

    eye_distance_px: float
    luminance: float
    """Mean luma on the face, 0–255."""
    contrast: float
    """Standard deviation of luma on the face, 0–127."""
    clipped_fraction: float
    """Share of face pixels at or next to 255, 0–1."""
    side_light: float
    """|left − right| / (left + right) of mean luma of the two face halves, 0–1."""
    noise: float
    """Estimated standard deviation of the noise of luma in the frame, grey levels."""
    sharpness: float
    """Resolved detail of the face, 1 for a typical sharp one; see the module for its definition."""
    inside_fraction: float
    """Share of the face box that lies inside the frame, 0–1."""
    top_light: float = 0.0
    """How much brighter the upper part of the face is than the lower, relative to their sum.

    −1–1, less what is usual: above 0 the light comes from above."""
    mouth_covered: float = 0.0
    """How likely a mask, a scarf or a hand covers the mouth, 0–1."""
    eyes_covered: float = 0.0
    """How likely dark glasses or a hand cover the eyes, 0–1."""
    side_covered: float = 0.0
    """How likely something covers the left or the right half of the face, 0–1."""
    strength: float = 1.0
    """How strongly the embedder answered, relative to what it does to a typical good face."""


class Guidance(enum.Enum):
    """Why a face is not used, as an instruction to the person; one text on screen each."""

    NO_FACE = "no_face"
    STEP_CLOSER = "step_closer"
    STEP_BACK = "step_back"
    MOVE_INTO_VIEW = "move_into_view"
    ONE_AT_A_TIME = "one_at_a_time"
    LOOK_AT_CAMERA = "look_at_camera"
    HEAD_UPRIGHT = "head_upright"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    EVEN_LIGHT = "even_light"
    HOLD_STILL = "hold_still"
    UNCOVER_FACE = "uncover_face"
    """Something covers mouth, eyes or one side of the face."""
    PRESENTATION = "presentation"
    """Not a face but a picture of one."""
    TURN_LEFT = "turn_left"
    """Turn the head to the person's own left: in the frame, which is no mirror, the nose wanders
    to the right (yaw > 0); in a preview that mirrors, to the left."""
    TURN_RIGHT = "turn_right"
    """To the person's own right: yaw < 0."""
    LOOK_BACK = "look_back"
    """A turn that was asked for was seen: look at the camera again."""


class LivenessPolicy(enum.Enum):
    """How hard is looked for a person behind a face."""

    OFF = "off"
    """Every face is believed."""
    PASSIVE = "passive"
    """The pictures are judged; nobody is asked for anything."""
    PASSIVE_CHALLENGE = "passive+challenge"
    """As well, whoever wants to enter is asked to turn their head."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """How sure the liveness network is of what it sees; the three add up to 1."""

    live: float
    print: float
    """A photograph on paper."""
    screen: float
    """A photograph on the screen of a telephone or the like."""


# --- who it is --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelId:
    """Which network made an embedding. Embeddings of different ids are never compared."""

    name: str
    version: str
    precision: str

    def __str__(self) -> str:
        return f"{self.name}/{self.version}/{self.precision}"


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A face as a unit vector: ``vector`` has shape (D,), dtype float32, Euclidean length 1."""

    vector: NDArray[np.float32]
    model: ModelId
    length: float = 0.0
    """Of the network's answer before it was made unit length; 0 where nobody knows."""
    conditions: Conditions | None = None
    """Of the picture it was made from; None where nobody knows."""
    pose: HeadPose | None = None
    """In that picture; None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Match:
    """The best person of the gallery for a probe, and the best *other* person."""

    person_id: int
    similarity: float
    runner_up_id: int | None
    runner_up_similarity: float
    """Less what this person's threshold is higher; −1 when the gallery holds one person only."""
    threshold: float = -1.0
    """What the similarity must reach, for the conditions of probe and template."""


class Outcome(enum.Enum):
    """What one frame says about the face in it."""

    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, eq=False)
class FaceReport:
    """Everything the pipeline found out about one frame, for one subject.

    Fields are None from the first stage on that was not reached.
    """

    detections: tuple[Detection, ...]
    subject: Detection | None
    pose: HeadPose | None
    conditions: Conditions | None
    refusal: Guidance | None
    embedding: Embedding | None
    match: Match | None
    threshold: float | None
    outcome: Outcome
    liveness: Liveness | None = None
    """None as well where the pack in use has no liveness network."""
    advice: Guidance | None = None
    """What would help a face that was not recognised, where its conditions may be the cause."""


class Phase(enum.Enum):
    """The one state the kiosk shows."""

    STARTING = "starting"
    IDLE = "idle"
    GUIDANCE = "guidance"
    CHECKING = "checking"
    WELCOME = "welcome"
    PIN = "pin"
    """Recognised, and asked for their PIN: by a look-alike's face, or by the schedule."""
    SECOND = "second"
    """Recognised; a second person has to come."""
    DENIED = "denied"
    """Recognised, but not allowed to enter now."""
    NOT_RECOGNISED = "not_recognised"
    OUT_OF_ORDER = "out_of_order"


class DenialReason(enum.Enum):
    """Why somebody recognised is not let in; one text on screen each."""

    HOURS = "hours"
    """Not at this time."""
    NO_PIN = "no_pin"
    """They have a look-alike and no personal PIN."""
    PIN_MISSED = "pin_missed"
    """No right PIN came in time."""
    PIN_LOCKED = "pin_locked"
    """Too many wrong PINs."""
    PIN_UNCHECKED = "pin_unchecked"
    """The PIN could not be looked at."""
    PIN_NEEDED = "pin_needed"
    """A PIN is asked for at this time, and they have none."""
    FACE_NEEDED = "face_needed"
    """A PIN alone does not do at this time."""
    WRONG_DOOR = "wrong_door"
    """Not by this door."""
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    USED_UP = "used_up"
    """A guest pass for so many entries has been used."""
    WAITS_FOR_FIRST = "waits_for_first"
    """Somebody who may begin the day has to come in first."""
    PASSBACK = "passback"
    """They came in a moment ago and have not left."""
    INTERLOCK = "interlock"
    """Another door is open."""
    SECOND_MISSING = "second_missing"
    """A second person did not come in time."""
    CLOCK = "clock"
    """The time is not known, and their rights depend on it."""
    LOCKDOWN = "lockdown"
    RIGHTS_DAMAGED = "rights_damaged"
    """What they may cannot be read."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a visit has come to after a frame."""

    phase: Phase
    guidance: Guidance | None = None
    person_id: int | None = None
    granted_now: bool = False
    """True on exactly one frame of a visit: the one that opens the door."""
    rejected_now: bool = False
    """True on exactly one frame per conclusion "not recognised"."""
    attacked_now: bool = False
    """True on exactly one frame of a visit that shows a picture of a face instead of a face."""
    suspicion: str = ""
    """Why, where ``attacked_now``; a few words for the log."""
    is_suspect: bool = False
    """Whether it may be a picture of a face that is held up now: nobody is let in on this frame."""
    similarity: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """Output of one pipeline step."""

    frame: Frame
    report: FaceReport
    decision: Decision
    stage_ms: dict[str, float] = field(default_factory=dict)
    """Wall time of each stage that ran, milliseconds, in order."""


# --- people -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody enrolled."""

    id: int
    name: str
    number: str
    """Badge or staff number; empty when there is none, otherwise unique."""
    enabled: bool
    consent_at_ms: int | None
    created_at_ms: int
    template_count: int = 0
    hours: str = ""
    """When they may enter, as :class:`kiosk.access.hours.AccessHours` reads it; empty: always."""
    has_pin: bool = False
    """Whether they have a personal PIN."""
    is_look_alike: bool = False
    """Whether their face is like somebody else's; then they enter with a PIN only."""
    has_duress_pin: bool = False
    """Whether they have a second PIN that alarms silently."""


class TemplateKind(enum.Enum):
    """What a template is to be compared with."""

    PLAIN = "plain"
    MASKED = "masked"
    """Of a face with a mask drawn over it: for masked probes only."""


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """One enrolled embedding of a person."""

    person_id: int
    embedding: Embedding
    view: str
    """Which view it shows: front, left, right, up, down or photo."""
    created_at_ms: int
    id: int | None = None
    kind: TemplateKind = TemplateKind.PLAIN
    conditions: Conditions | None = None
    """Of the picture it was made from; None where nobody knows."""
    pose: HeadPose | None = None
    """In that picture; None where nobody knows."""


class EventKind(enum.Enum):
    """What the access log records."""

    STARTED = "started"
    STOPPED = "stopped"
    GRANTED = "granted"
    NOT_RECOGNISED = "not_recognised"
    DENIED = "denied"
    PIN_REFUSED = "pin_refused"
    """A personal PIN at the door was wrong."""
    PIN_LOCKOUT = "pin_lockout"
    PRESENTATION_ATTACK = "presentation_attack"
    DOOR_UNLOCKED = "door_unlocked"
    DOOR_LOCKED = "door_locked"
    RELAY_LOST = "relay_lost"
    RELAY_BACK = "relay_back"
    CAMERA_LOST = "camera_lost"
    CAMERA_BACK = "camera_back"
    FAULT = "fault"
    ENROLLED = "enrolled"
    PERSON_CHANGED = "person_changed"
    PERSON_DELETED = "person_deleted"
    PIN_CHANGED = "pin_changed"
    ADMIN_LOGIN = "admin_login"
    ADMIN_REFUSED = "admin_refused"
    ADMIN_LOCKOUT = "admin_lockout"
    EXPORTED = "exported"
    MODELS_IMPORTED = "models_imported"
    DOOR_OPENED = "door_opened"
    """The leaf was opened, rightly."""
    DOOR_CLOSED = "door_closed"
    DOOR_FORCED = "door_forced"
    DOOR_HELD_SOON = "door_held_soon"
    """Open for so long that the alarm follows soon."""
    DOOR_HELD = "door_held"
    EXIT_REQUESTED = "exit_requested"
    MANUAL_UNLOCK = "manual_unlock"
    """By an administrator; the detail is their reason."""
    FREE_ACCESS_BEGUN = "free_access_begun"
    FREE_ACCESS_ENDED = "free_access_ended"
    LOCKDOWN_BEGUN = "lockdown_begun"
    LOCKDOWN_ENDED = "lockdown_ended"
    ALARM_ACKNOWLEDGED = "alarm_acknowledged"
    """The detail names the sequence number of the alarm's event."""
    DURESS = "duress"
    """Somebody opened the door under threat."""
    GUARD_LOST = "guard_lost"
    """The process that guards the relay ended or hung; it locks the door when it does."""
    GUARD_BACK = "guard_back"
    PASSBACK = "passback"
    """Entered twice without leaving; only noted, where the rule is soft."""
    RIGHTS_CHANGED = "rights_changed"
    CLOCK_UNTRUSTED = "clock_untrusted"
    CLOCK_TRUSTED = "clock_trusted"
    COMMAND_RECEIVED = "command_received"
    """From the building, over MQTT."""
    COMMAND_REFUSED = "command_refused"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the access log. ``seq`` is assigned by the store."""

    kind: EventKind
    at_ms: int
    person_id: int | None = None
    person_name: str = ""
    """The name at the time: it stays when the person is renamed, goes when they are deleted."""
    detail: str = ""
    similarity: float | None = None
    threshold: float | None = None
    seq: int | None = None


# --- the door ---------------------------------------------------------------------------------


class DoorState(enum.Enum):
    """What the door controller is doing."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    """For a pulse."""
    OPEN = "open"
    """The leaf is open, rightly."""
    HELD = "held"
    """Open for too long: alarm."""
    FORCED = "forced"
    """Opened though nobody was let in or out: alarm."""
    FREE_ACCESS = "free_access"
    """Unlocked for everybody."""
    LOCKDOWN = "lockdown"
    """Nobody is let in."""
    FAULT = "fault"


class DoorAlarm(enum.Enum):
    """What is wrong with the leaf; stays until acknowledged, even when the door is shut again."""

    HELD_SOON = "held_soon"
    """Pre-alarm: goes by itself when the door is closed."""
    HELD = "held"
    FORCED = "forced"


ALARM_KINDS = (
    EventKind.DOOR_FORCED,
    EventKind.DOOR_HELD,
    EventKind.DURESS,
    EventKind.RELAY_LOST,
    EventKind.GUARD_LOST,
    EventKind.PRESENTATION_ATTACK,
)
"""Events that somebody has to acknowledge."""


@dataclass(frozen=True, slots=True)
class DoorStatus:
    """State of the door and its relay."""

    state: DoorState
    relay: str
    """The relay in words, e.g. ``LCUS on /dev/ttyUSB0, channel 1``."""
    is_simulated: bool
    relock_at_ns: int | None = None
    """Monotonic deadline of the pulse while UNLOCKED or OPEN, or of free access that ends."""
    message: str = ""
    """What is wrong, when FAULT."""
    inputs: DoorInputs = field(default_factory=DoorInputs)
    alarm: DoorAlarm | None = None
    alarm_at_ns: int | None = None
    """Monotonic time at which the alarm HELD follows, while HELD_SOON."""
    is_unlocked: bool = False
    """Whether the relay is on, as far as is known."""
    is_free: bool = False
    """Free access is on, whatever the leaf does."""
    is_lockdown: bool = False
    live_alarm: DoorAlarm | None = None
    """The worst alarm that nobody has acknowledged, even while ``alarm`` warns of another."""
    let_in: tuple[tuple[str, int], ...] = ()
    """For whom the door was unlocked and has not relocked since: the reason of each such order, and
    the monotonic end of its own pulse."""
