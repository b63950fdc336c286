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
_WEIGHT: NDArray[np.float64] = 1 / _STRAY
_NOSE_LEVEL = float(SHAPE[2, 1] - SHAPE[[0, 1, 3, 4], 1].mean())
_BY_SHIFT: NDArray[np.float64] = np.tile(np.eye(2), (5, 1))
# Heads in front of a door: standard deviations of yaw, pitch and roll beyond the landmarks' lean.
_PRIOR_SQUARED: NDArray[np.float64] = np.diag(
    [*(1 / np.radians([60.0, 20.0, 60.0]) ** 2), 0.0, 0.0, 0.0]
)
_STEPS = 5
_CONVERGED = math.radians(0.5)
"""Steps shrink quadratically: one this small leaves an error far below the landmarks' own."""
_MAX_TURN_PER_STEP = 0.5


def estimate_head_pose(landmarks: NDArray[np.float32]) -> HeadPose:
    """Return the pose for landmarks (5, 2) in pixels, in the order of domain.Detection.

    Raises ValueError when the landmarks coincide.
    """
    upright = fit_similarity(landmarks, SHAPE[:, :2])
    lean = -np.arctan2(upright[1, 0], upright[0, 0])
    points = landmarks.astype(np.float64) @ upright[:, :2].T + upright[:, 2]
    # The nose leads when the head turns: its depth of half an eye distance gives a first guess.
    lead = points[2] - points[[0, 1, 3, 4]].mean(0)
    nod = _NOSE_LEVEL - float(lead[1])
    angles = np.array(
        [_clipped(2 * float(lead[0]), 1.2), _clipped(nod, 0.4), 0.0],
    )
    scale, shift = 1.0, np.zeros(2)
    for _ in range(_STEPS):
        turned, by_angle = _turn(*angles.tolist())
        residual = ((points - scale * turned - shift) * _WEIGHT).ravel()
        jacobian = np.concatenate(
            [scale * by_angle.reshape(10, 3), turned.reshape(10, 1), _BY_SHIFT], axis=1
        )
        jacobian *= _WEIGHT.reshape(10, 1)
        normal = jacobian.T @ jacobian + _PRIOR_SQUARED
        target = jacobian.T @ residual
        target[:3] -= _PRIOR_SQUARED.diagonal()[:3] * angles
        change = np.linalg.solve(normal, target)
        angles = angles + np.clip(change[:3], -_MAX_TURN_PER_STEP, _MAX_TURN_PER_STEP)
        scale += float(change[3])
        shift = shift + change[4:]
        if max(abs(change[:3])) < _CONVERGED:
            break
    yaw_deg, pitch_deg, roll_deg = np.degrees([angles[0], angles[1], angles[2] + lean])
    return HeadPose(float(yaw_deg), float(pitch_deg), (float(roll_deg) + 180) % 360 - 180)


def _clipped(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def rotation_matrix(pose: HeadPose) -> NDArray[np.float64]:
    """Return Rz(roll)·Ry(yaw)·Rx(pitch), shape (3, 3): x right, y down, z away from the camera."""
    yaw, pitch, roll = np.radians([pose.yaw_deg, pose.pitch_deg, pose.roll_deg])
    return _about_z(roll) @ _about_y(yaw) @ _about_x(pitch)


def _turn(yaw: float, pitch: float, roll: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the turned shape's x and y, (5, 2), and their derivatives by each angle, (5, 2, 3).

    Written out, as the first two rows of Rz·Ry·Rx: this runs on every frame.
    """
    cy, sy = math.cos(yaw), math.sin(yaw)
    cp, sp = math.cos(pitch), math.sin(pitch)
    cr, sr = math.cos(roll), math.sin(roll)
    x = (cy, sy * sp, -sy * cp)
    y = (0.0, cp, sp)
    x_by_yaw = (-sy, cy * sp, -cy * cp)
    x_by_pitch = (0.0, sy * cp, sy * sp)
    y_by_pitch = (0.0, -sp, cp)
    rows = []
    for x_row, y_row in ((x, y), (x_by_yaw, (0.0, 0.0, 0.0)), (x_by_pitch, y_by_pitch)):
        rows.append([cr * a - sr * b for a, b in zip(x_row, y_row, strict=True)])
        rows.append([sr * a + cr * b for a, b in zip(x_row, y_row, strict=True)])
    rows.append([-sr * a - cr * b for a, b in zip(x, y, strict=True)])
    rows.append([cr * a - sr * b for a, b in zip(x, y, strict=True)])
    projected = SHAPE @ np.array(rows).T
    return projected[:, :2], projected[:, 2:].reshape(5, 3, 2).transpose(0, 2, 1)


def _about_x(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[1, 0, 0], [0, c, s], [0, -s, c]])


def _about_y(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])


def _about_z(angle: float) -> NDArray[np.float64]:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
