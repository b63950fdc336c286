"""Write the model cards: what each network is, what it learned from, how well it does, its limits.

The numbers are read from the curves that the trainings wrote and the figures that evaluate.py kept.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import train_detector
import train_embedder
import train_headpose
import train_liveness
from contracts import DETECTOR, EMBEDDER, HEAD_POSE, LIVENESS, card
from corpus import PARTS, SEED
from curves import curve_svg
from loop import Plan

_PLANS: dict[str, Plan] = {
    module.NAME: module.PLAN
    for module in (train_detector, train_embedder, train_headpose, train_liveness)
}
_ABOUT = {
    DETECTOR: (
        "Finds faces and five landmarks. RetinaFace with a MobileNet-0.25 backbone, feature "
        "pyramid of 64 channels, SSH context modules; input and outputs as those of the usual "
        "320×320 export: boxes 1×4200×4, scores 1×4200×2 (softmax done), landmarks 1×4200×10, "
        "anchors 16, 32 / 64, 128 / 256, 512 at strides 8, 16, 32, variances 0.1 and 0.2.",
        "Softmax with the hardest background anchors of a batch (7 : 1), smooth L1 for boxes and "
        "landmarks. Two phases: to find faces (landmarks weighted 2.5-fold; 5,300 steps), then to "
        "place landmarks (15-fold). AdamW, a rise and half a cosine each; parts of 128 and "
        "192 px first, whole 320 px inputs more and more. bfloat16 where PyTorch's autocast "
        "allows; the exported weights are float32. In the committed network the first phase saw "
        "192 px parts, then whole frames only, and was stopped at step 5,303 of a schedule of "
        "7,000.",
        "frames",
    ),
    EMBEDDER: (
        "Turns an aligned 112×112 face chip into 128 values whose direction tells people apart. A "
        "thin MobileFaceNet: fused inverted bottlenecks (a dense 3×3 convolution in place of the "
        "expansion and the depthwise step, which is faster on CPUs and NPUs), global depthwise "
        "convolution, linear layer.",
        "Additive angular margin softmax (ArcFace), margin growing to 0.4, scale 32. Triplets "
        "were not used: they need mining, and a step compares a chip with a few others instead of "
        "with all identities at once. SGD with momentum, one rise and half a cosine.",
        "portraits",
    ),
    HEAD_POSE: (
        "Reads a 64×64 square of 1.25 × the longer side of the face box: nine values, x and y of "
        "the eye on the left, the eye on the right and the nose tip as fractions of the square, "
        "then yaw, pitch and roll in units of 90°.",
        "Smooth L1 for points and angles. AdamW, one rise and half a cosine.",
        "portraits",
    ),
    LIVENESS: (
        "Reads an 80×80 square of 2.7 × the longer side of the face box (BGR, 0–255, nothing "
        "subtracted): logits for print, live, screen.",
        "Cross entropy with balanced classes. AdamW, one rise and half a cosine.",
        "presentations and frames",
    ),
}
_LIMITS = (
    "It knows simulated people only. On pictures of real people it is worthless for any decision, "
    "and the program refuses to drive a real relay with it. Its figures say how well the program "
    "works with a network that fits its world; they say nothing about people."
)


def write_cards(work: Path, pack: Path) -> None:
    """Write NAME.md and NAME.curve.svg for each network into the pack."""
    figures: dict[str, Any] = {}
    if (work / "figures.json").exists():
        figures = json.loads((work / "figures.json").read_text(encoding="utf-8"))
    for name in _ABOUT:
        rows = _rows(work / f"{name}.curve.csv")
        (pack / f"{name}.curve.svg").write_text(curve_svg(name, rows), encoding="utf-8")
        (pack / f"{name}.md").write_text(_card(name, rows, figures, pack), encoding="utf-8")
        print(f"{pack / name}.md")


def _card(name: str, rows: list[dict[str, str]], figures: dict[str, Any], pack: Path) -> str:
    what, how, kind = _ABOUT[name]
    contract, plan = card(name), _PLANS[name]
    last = rows[-1]
    size = (pack / contract.file).stat().st_size
    return "\n".join(
        [
            f"# {name}",
            "",
            what,
            "",
            "| | |",
            "|---|---|",
            f"| Input | 1×3×{contract.height_px}×{contract.width_px} float32, "
            f"{contract.colour_order}, (pixel − {list(contract.mean)}) / {list(contract.std)} |",
            f"| File | `{contract.file}`, ONNX, {size / 1e6:.2f} MB, float32, batch 1 |",
            f"| Licence | {contract.licence} |",
            "| Origin | trained by this project from random initialisation; nobody else's weights, "
            "pictures or labels were used |",
            "",
            "## Data",
            "",
            f"Rendered by `kiosk/simulator` with seed {SEED}; nobody in it exists. "
            f"This network learned from {kind}:",
            "",
            "| part | files | people from number |",
            "|---|---|---|",
            *(
                f"| {part.kind}, {part.purpose} | {part.shards} | {part.first:,} |"
                for part in PARTS
                if part.kind in kind
            ),
            "",
            "People of validation and of the figures below were never trained on.",
            "",
            "## Training",
            "",
            how,
            f"Seed {plan.seed}; {last['step']} steps, {float(last['minutes']):.0f} minutes on a "
            "shared two-core CPU. The weights kept are an exponential average.",
            "",
            f"![training curve]({name}.curve.svg)",
            "",
            *_validations(rows),
            "",
            "## Figures",
            "",
            "Through the program's own runtime and decoders, "
            "`python packaging/models/evaluate.py`:",
            "",
            *_figures(name, figures),
            "",
            "## Limits",
            "",
            _LIMITS,
            "",
        ]
    )


def _rows(curve: Path) -> list[dict[str, str]]:
    with curve.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _validations(rows: list[dict[str, str]]) -> list[str]:
    """Return a table of at most eight validations, the last one always among them."""
    losses = {name for name, value in rows[0].items() if value}
    names = [name for name in rows[0] if name not in losses and name != "faces"]
    measured = [row for row in rows if names and row[names[0]]]
    every = max(1, -(-len(measured) // 8))
    chosen = measured[::-1][::every][::-1]
    return [
        "| step | minutes | " + " | ".join(names) + " |",
        "|---" * (len(names) + 2) + "|",
        *(
            f"| {row['step']} | {float(row['minutes']):.1f} | "
            + " | ".join(row[name] for name in names)
            + " |"
            for row in chosen
        ),
    ]


def _figures(name: str, figures: dict[str, Any]) -> list[str]:
    scenes = figures.get("scenes", {})
    part = {
        DETECTOR: {key: scenes.get(key) for key in ("detector", "detector_with_far")},
        HEAD_POSE: {"head_pose": scenes.get("head_pose"), "london": figures.get("london")},
        LIVENESS: scenes.get("liveness"),
        EMBEDDER: figures.get("identities"),
    }[name]
    lines = list(_flat("", part or {}))
    if not lines:
        return ["Not measured yet."]
    return ["| figure | value |", "|---|---|", *lines]


def _flat(prefix: str, tree: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for key, value in tree.items():
        name = f"{prefix}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            lines += _flat(f"{name}: ", value)
        elif isinstance(value, list):
            lines.append(f"| {name} | {' / '.join(f'{item:.2f}' for item in value)} |")
        elif isinstance(value, float):
            lines.append(f"| {name} | {value:.4g} |")
        elif value is not None:
            lines.append(f"| {name} | {value} |")
    return lines
