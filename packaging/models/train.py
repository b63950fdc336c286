"""Make the embedded networks: python packaging/models/train.py WHAT [--work DIR] [--minutes N].

WHAT is data (render what is learned from), detector, embedder, liveness or headpose (train one),
export (write the pack), cards (write the model cards, again after evaluate.py), or all of it in
that order. Everything can be stopped and started again.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
NETWORKS = ("embedder", "detector", "liveness", "headpose")


def main() -> None:
    """Do what the command line asks for."""
    options = _options()
    work: Path = options.work
    wanted = ("data", *NETWORKS, "export", "cards") if options.what == "all" else (options.what,)
    for what in wanted:
        if what == "data":
            from corpus import render_all

            render_all(work, options.processes, options.share)
        elif what == "export":
            from export import export_pack

            export_pack(work, options.out, options.people)
        elif what == "cards":
            from cards import write_cards

            write_cards(work, options.out)
        else:
            _train(what, work, options.minutes)


def _train(network: str, work: Path, minutes: float | None) -> None:
    if network == "detector":
        from train_detector import run
    elif network == "embedder":
        from train_embedder import run
    elif network == "liveness":
        from train_liveness import run
    else:
        from train_headpose import run
    run(work, minutes)


def _options() -> argparse.Namespace:
    summary, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="train.py", description=summary, epilog=more)
    parser.add_argument("what", choices=("data", *NETWORKS, "export", "cards", "all"))
    parser.add_argument(
        "--work", type=Path, default=Path("build/training"), help="folder of data and checkpoints"
    )
    parser.add_argument(
        "--minutes", type=float, help="train one network for about so long, not by its own plan"
    )
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="that render the data"
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="of the training data to render, for trials"
    )
    parser.add_argument(
        "--out", type=Path, default=REPOSITORY / "assets/models/embedded", help="folder of the pack"
    )
    parser.add_argument(
        "--people", type=int, default=400, help="whom the embedder's thresholds are measured on"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
