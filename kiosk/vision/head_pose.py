"""Head pose from the five landmarks.

Signs (see :class:`kiosk.domain.HeadPose`): yaw > 0 when the nose points to the right of the
picture, pitch > 0 when it points up, roll > 0 when the head leans clockwise in the picture. The
head's rotation is Rz(roll)·Ry(yaw)·Rx(pitch): roll is the lean in the picture, yaw and pitch are
those of the head once it is upright.

The estimate is the most probable pose of a mean face under weak perspective (a face is shallow
compared with its distance from the door): Gauss–Newton on yaw, pitch, roll, scale and shift, each
landmark weighted by how much people and expressions differ there. The weights matter: with equal
ones a smile, which lifts the mouth, reads as a head bowed by up to 40°. It needs no focal length,
which a kiosk does not know.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import HeadPose
from kiosk.vision.alignment import fit_similarity

# The mean frontal face in units of the eye distance: x right, y down, z away from the camera.
# x and y follow from the standard face chip (alignment.py); the depths are anthropometric means
# (nose tip about 33 mm, mouth corners about 5 mm in front of the pupils, pupils 63 mm apart).
SHAPE: NDArray[np.float64] = np.array(
    [
        [-0.5, 0.0, 0.0],
        [0.5, 0.0, 0.0],
        [0.0, 0.571, -0.52],
        [-0.414, 1.155, -0.08],
        [0.414, 1.155, -0.08],
    ]
)
# How far landmarks stray from that shape, standard deviations in eye distances, x then y. The
# mouth corners stray most, and upwards most of all: a smile moves them.
_STRAY: NDArray[np.float64] = np.array(
    [[0.04, 0.03], [0.04, 0.03], [0.06, 0.06], [0.08, 0.20], [0.08, 0.20]]
)
_SHAPE_ROWS: list[list[float]] = SHAPE.tolist()
_WEIGHT_ROWS: list[list[float]] = (1 / _STRAY).tolist()
_NOSE_LEVEL = float(SHAPE[2, 1] - SHAPE[[0, 1, 3, 4], 1].mean())
# Heads in front of a door: standard deviations of yaw, pitch and roll beyond the landmarks' lean.
_PRIOR: list[float] = (1 / np.radians([60.0, 20.0, 60.0])).tolist()
_STEPS = 5
_CONVERGED = math.radians(0.5)
"""Steps shrink quadratically: one this small leaves an error far below the landmarks' own."""
_MAX_TURN_PER_STEP = 0.5


def estimate_head_pose(landmarks: NDArray[np.float32]) -> HeadPose:
    """Return the pose for landmarks (5, 2) in pixels, in the order of domain.Detection.

    Raises ValueError when the landmarks coincide.
    """
    upright = fit_similarity(landmarks, SHAPE[:, :2])
    lean = -math.atan2(upright[1, 0], upright[0, 0])
    points = (landmarks @ upright[:, :2].T + upright[:, 2]).tolist()
    guess = _first_guess(points)
    for _ in range(_STEPS):
        system = np.array(_linearised(points, guess))
        gram = system.T @ system
        change = np.linalg.solve(gram[:-1, :-1], gram[:-1, -1]).tolist()
        turns = [_clipped(turn, _MAX_TURN_PER_STEP) for turn in change[:3]]
        guess = [old + new for old, new in zip(guess, turns + change[3:], strict=True)]
        if max(map(abs, change[:3])) < _CONVERGED:
            break
    yaw, pitch, roll = guess[:3]
    roll_deg = (math.degrees(roll + lean) + 180) % 360 - 180
    return HeadPose(math.degrees(yaw), math.degrees(pitch), roll_deg)


def _first_guess(points: list[list[float]]) -> list[float]:
    """Return yaw, pitch, roll, scale and shift to start from, for upright points.

    The nose leads when the head turns; its depth of half an eye distance tells how far.
    """
    around = [points[index] for index in (0, 1, 3, 4)]
    lead_x = points[2][0] - sum(point[0] for point in around) / 4
    lead_y = points[2][1] - sum(point[1] for point in around) / 4
    return [_clipped(2 * lead_x, 1.2), _clipped(_NOSE_LEVEL - lead_y, 0.4), 0.0, 1.0, 0.0, 0.0]


def _linearised(points: list[list[float]], guess: list[float]) -> list[tuple[float, ...]]:
    """Return the weighted least-squares system around a guess, 13 rows of 6 + 1 numbers.

    Two rows a landmark and one for the prior of each angle; derivatives by yaw, pitch, roll,
    scale and shift, then what is left to explain. Plain floats: this runs on every frame, and for
    five points NumPy's calls cost more than the arithmetic.
    """
    yaw, pitch, roll, scale, shift_x, shift_y = guess
    cy, sy = math.cos(yaw), math.sin(yaw)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    rows: list[tuple[float, ...]] = []
    for (mx, my, mz), (px, py), (wx, wy) in zip(_SHAPE_ROWS, points, _WEIGHT_ROWS, strict=True):
        # Ry(yaw)·Rx(pitch) first: its x and y, and their derivatives (y does not turn with yaw).
        deep = sp * my - cp * mz
        x, y = cy * mx + sy * deep, cp * my + sp * mz
        x_yaw = -sy * mx + cy * deep
        x_pitch, y_pitch = sy * y, -deep
        # Rz(roll) turns all of them; a point's derivative by roll is the point turned by 90°.
        u, v = cr * x - sr * y, sr * x + cr * y
        across, down = wx * scale, wy * scale
        rows.append(
            (
                across * cr * x_yaw,
                across * (cr * x_pitch - sr * y_pitch),
                -across * v,
                wx * u,
                wx,
                0.0,
                wx * (px - shift_x) - across * u,
            )
        )
        rows.append(
            (
                down * sr * x_yaw,
                down * (sr * x_pitch + cr * y_pitch),
                down * u,
                wy * v,
                0.0,
                wy,
                wy * (py - shift_y) - down * v,
            )
        )
    for index, weight in enumerate(_PRIOR):
        row = [0.0] * 7
        row[index], row[6] = weight, -weight * guess[index]
        rows.append(tuple(row))
    return rows


def _clipped(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def rotation_matrix(pose: HeadPose) -> NDArray[np.float64]:
    """Return Rz(roll)·Ry(yaw)·Rx(pitch), shape (3, 3): x right, y down, z away from the camera."""
    yaw, pitch, roll = np.radians([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
    return _about_z(roll) @ _about_y(yaw) @ _about_x(pitch)


def _about_x(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def _about_y(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


def _about_z(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
