"""What the running engine has to say about itself, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kiosk.domain import CameraState, CameraStatus, DoorState, DoorStatus
from kiosk.health import HealthRow, check_clock, check_disk, is_clock_synchronised
from kiosk.models.card import ONNX
from kiosk.people import EnrolledPeople
from kiosk.pipeline import FaceModels
from kiosk.store.store import Store


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """The camera's status and figures."""

    status: CameraStatus | None
    frames_per_s: float
    dropped: int
    """Frames replaced by newer ones before the recognition came to them, or left out in heat."""


def camera_row(camera: CameraHealth) -> HealthRow:
    """Say whether frames come, how many, and how many were left out."""
    status = camera.status
    if status is None or status.state is CameraState.OPENING:
        return HealthRow("Camera", "warning", "no picture yet")
    if status.state is not CameraState.STREAMING:
        return HealthRow("Camera", "fault", status.message or f"{status.source}: ended")
    return HealthRow(
        "Camera",
        "ok",
        f"{status.source}, {status.width_px} × {status.height_px}, {camera.frames_per_s:.0f} "
        f"frames per second, {camera.dropped} not examined",
    )


def door_row(door: DoorStatus) -> HealthRow:
    """Say which relay is driven and how it is."""
    if door.state is DoorState.FAULT:
        return HealthRow("Door", "fault", door.message)
    return HealthRow("Door", "warning" if door.is_simulated else "ok", door.relay)


def models_row(models: FaceModels | None) -> HealthRow:
    """Say which embedder recognises."""
    if models is None:
        return HealthRow("Models", "fault", "No face models are loaded.")
    if models.simulated_only:
        return HealthRow("Models", "warning", f"{models.embedder.model}: simulated people only")
    extras = (("liveness", models.liveness), ("head pose", models.head_pose))
    also = "".join(f", {name}" for name, network in extras if network is not None)
    text = f"{models.embedder.model}{also}, {_where(models)}, self-tests passed"
    if models.liveness is None:
        return HealthRow("Models", "warning", f"{text}; photographs of faces are not noticed")
    return HealthRow("Models", "ok", text)


def _where(models: FaceModels) -> str:
    """Say what executes the networks."""
    cards = [runtime.card for runtime in models.runtimes]
    chips = sorted({card.target for card in cards if card.target != ONNX})
    if not chips:
        return "on the CPU"
    on_cpu = [card.role.value.replace("_", " ") for card in cards if card.target == ONNX]
    rest = f" ({', '.join(on_cpu)} on the CPU)" if on_cpu else ""
    return f"on the NPU of the {', '.join(chips)}{rest}"


def people_row(people: EnrolledPeople, threshold: float) -> HealthRow:
    """Say how many people are recognised, and how alike a face must be."""
    text = (
        f"{people.recognised} recognised with {len(people.gallery)} templates, "
        f"threshold {threshold:.3f}"
    )
    if people.without_template:
        text += f"; {people.without_template} with templates of another model only"
    if people.pinless:
        text += f"; {people.pinless} with a look-alike and without a PIN are not let in"
    is_well = not people.without_template and not people.pinless
    return HealthRow("People", "ok" if is_well else "warning", text)


def log_row(store: Store, waiting: int) -> HealthRow:
    """Say how long the log is and where its chain ends."""
    seq, digest = store.events.head()
    return HealthRow("Log", "ok", f"{seq} events, {waiting} waiting, chain ends in {digest[:12]}")


def state_rows(
    camera: CameraHealth,
    door: DoorStatus,
    models: FaceModels | None,
    people: EnrolledPeople | None,
    threshold: float | None,
) -> list[HealthRow]:
    """Say how camera, door and networks are, and the people once they are there."""
    rows = [camera_row(camera), door_row(door), models_row(models)]
    if people is not None and threshold is not None:
        rows.append(people_row(people, threshold))
    return rows


def machine_rows(now_ms: int, folder: Path) -> list[HealthRow]:
    """Say how clock and disk are."""
    return [check_clock(now_ms, is_clock_synchronised()), check_disk(folder)]
