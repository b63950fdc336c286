"""How much a counted rate can be trusted."""

from __future__ import annotations

import math

_Z = 1.959964
"""Of the two-sided 95 % interval."""


def wilson_interval(count: int, tries: int, z: float = _Z) -> tuple[float, float]:
    """Return the 95 % interval of a rate of ``count`` in ``tries`` (Wilson, 1927); (0, 1) for none.

    It takes the tries for independent. Comparisons that share a face are not quite, so the true
    interval is somewhat wider. ``z`` 1.645 gives one-sided 95 % bounds.
    """
    if tries <= 0:
        return 0.0, 1.0
    rate, extra = count / tries, z * z / tries
    middle = rate + extra / 2
    half = z * math.sqrt(rate * (1 - rate) / tries + extra / (4 * tries))
    return max((middle - half) / (1 + extra), 0.0), min((middle + half) / (1 + extra), 1.0)
