"""``door-kiosk models``: fetch or import face models, list them, check them."""

from __future__ import annotations

from kiosk.commands.models_import import execute_import
from kiosk.commands.models_list import execute_list
from kiosk.commands.models_pull import execute_pull
from kiosk.commands.models_verify import execute_verify
from kiosk.commands.options import Groups, add_command, add_group, add_json

_CHECKED = (
    "Every byte is compared with the known digests and every network that this computer can\n"
    "run must pass its self-test before the new models replace the old ones."
)


def register(groups: Groups) -> None:
    """Describe the commands."""
    group = add_group(groups, "models", "fetch or import the face models, list and check them")
    pull = add_command(
        group,
        "pull",
        "fetch the known face models from their pinned addresses and take them into use",
        execute_pull,
        more=(
            f"{_CHECKED}\n\nWhat is fetched when the connection breaks is kept: the same command "
            "goes on from there.\nProxies are taken from https_proxy, http_proxy and no_proxy."
        ),
        examples=(
            "models pull",
            "models pull --mirror https://intranet.example/door-kiosk",
            "models pull --mirror /media/usb/models",
        ),
        pictures=True,
    )
    pull.add_argument(
        "--mirror",
        metavar="URL-or-DIR",
        help="fetch the files, by their names, from there instead; the digests stay the same",
    )
    pull.add_argument(
        "--all",
        action="store_true",
        help="fetch the files for every kind of computer, not for this one alone",
    )
    take = add_command(
        group,
        "import",
        "copy face models into the data folder and take them into use",
        execute_import,
        more=_CHECKED,
        examples=("models import /media/usb/models", "models import /media/usb/models.zip"),
        pictures=True,
    )
    take.add_argument(
        "path",
        metavar="PATH",
        help="the folder that holds the model files, or an archive: .zip, .tar, .tar.gz, .tar.xz",
    )
    for parser in (pull, take):
        parser.add_argument(
            "--without-thresholds",
            action="store_true",
            help="take models into use whose thresholds are still to be measured (calibrate)",
        )
    add_json(pull)
    add_json(
        add_command(
            group,
            "list",
            "list the models in use and those embedded for --demo, and which would run here",
            execute_list,
        )
    )
    add_json(
        add_command(
            group,
            "verify",
            "compare the digests of the models, in use and embedded, and run their self-tests",
            execute_verify,
            pictures=True,
        )
    )
