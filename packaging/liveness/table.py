"""Print the table of a liveness test: python packaging/liveness/table.py TRIES.csv

TRIES.csv as PROTOCOL.md describes it: a line for each try, with species, policy and outcome.
"""

from __future__ import annotations

import sys
from pathlib import Path

from kiosk.errors import ConfigError
from kiosk.livenesstable import LIVE, count_tries, read_tries, table_lines


def main(path: Path) -> None:
    """Print the table. Exits with a sentence when the file cannot be read."""
    try:
        rows = count_tries(read_tries(path), (LIVE,))
    except ConfigError as error:
        sys.exit(str(error))
    print("\n".join(table_lines(rows)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
