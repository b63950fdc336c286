"""``python -m kiosk`` is the command door-kiosk."""

import sys

from kiosk.cli import main

sys.exit(main())
