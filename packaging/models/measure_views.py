"""The head-pose network on photographs of real people, whom it never saw: as found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from heldout import networks

from kiosk.camera.imagefile import read_image
from kiosk.domain import Frame
from kiosk.vision.head_pose import estimate_head_pose

_VIEWS = ("left_profile", "left_3quarter", "front", "right_3quarter", "right_profile")

Row = tuple[str, str, str]


def london(pack: Path, shared: Path) -> tuple[dict[str, Any], list[Row]]:
    """Compare the network's yaw with that from the real detector's landmarks, view by view.

    Both are given the faces that the real detector in SHARED/models finds.
    """
    detector = networks(shared / "models").detector
    head_pose = networks(pack).head_pose
    if head_pose is None:
        raise SystemExit(f"{pack} holds no head-pose network.")
    figures: dict[str, Any] = {}
    rows: list[Row] = []
    everything = []
    for view in _VIEWS:
        pairs = []
        for file in sorted((shared / "faces/london").glob(f"*/*_{view}.jpg")):
            frame = Frame(read_image(file), 0)
            faces = detector.detect(frame)
            if not faces:
                continue
            simple = estimate_head_pose(faces[0].landmarks)
            pairs.append((head_pose.estimate(frame, faces[0]).pose.yaw_deg, simple.yaw_deg))
        if not pairs:
            continue
        mine, simple_yaw = np.array(pairs).T
        everything += pairs
        figures[view] = {
            "faces": len(pairs),
            "network_yaw_deg": float(mine.mean()),
            "landmark_yaw_deg": float(simple_yaw.mean()),
            "difference_deg": float(np.abs(mine - simple_yaw).mean()),
        }
        rows.append(
            (
                f"London, {view.replace('_', ' ')}, {len(pairs)} faces: mean yaw by the network, "
                "by landmarks; mean difference",
                "as found",
                f"{mine.mean():.1f}°, {simple_yaw.mean():.1f}°; "
                f"{np.abs(mine - simple_yaw).mean():.1f}°",
            )
        )
    if everything:
        first, second = np.array(everything).T
        figures["correlation"] = float(np.corrcoef(first, second)[0, 1])
        rows.append(("London, all views: correlation", "as found", f"{figures['correlation']:.3f}"))
    return figures, rows
