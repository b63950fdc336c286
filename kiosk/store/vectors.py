"""Embeddings as bytes: float32, little-endian, and nothing that is not a unit vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kiosk.domain import Embedding
from kiosk.errors import EnrolmentError

LENGTH_TOLERANCE = 1e-3
"""How far a vector's Euclidean length may be from 1; rounding to float32 stays far below."""


def pack_vector(embedding: Embedding) -> bytes:
    """Return the bytes of a vector of shape (D,). Raises EnrolmentError when it is not usable."""
    vector = np.asarray(embedding.vector)
    if vector.ndim != 1 or not _are_unit(vector.reshape(1, -1))[0]:
        raise EnrolmentError("The recognition network gave an unusable result. Take it again.")
    return vector.astype("<f4").tobytes()


def unpack_vectors(blobs: list[object]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Read stored vectors.

    Returns the usable ones, shape (N, D), dtype float32, and a mask over ``blobs`` that says
    which those are. D is the length most blobs have; another length, a value that is not finite
    or a length other than 1 makes a blob unusable.
    """
    usable = np.zeros(len(blobs), dtype=np.bool_)
    sizes = [len(b) if isinstance(b, bytes) and len(b) % 4 == 0 else 0 for b in blobs]
    counts: dict[int, int] = {}
    for size in sizes:
        counts[size] = counts.get(size, 0) + (size > 0)
    if not any(counts.values()):
        return np.zeros((0, 0), dtype=np.float32), usable
    size = max(counts, key=lambda s: counts[s])
    candidates = [i for i, s in enumerate(sizes) if s == size]
    joined = b"".join(b for i in candidates if isinstance(b := blobs[i], bytes))
    vectors = np.frombuffer(joined, dtype="<f4").reshape(len(candidates), -1).astype(np.float32)
    good = _are_unit(vectors)
    usable[np.array(candidates)[good]] = True
    return vectors[good], usable


def _are_unit(vectors: NDArray[np.floating]) -> NDArray[np.bool_]:
    # Garbage may overflow on the way; it then fails the comparison, as NaN does.
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.sqrt(np.sum(np.square(vectors.astype(np.float64)), axis=1))
        result: NDArray[np.bool_] = np.abs(lengths - 1.0) <= LENGTH_TOLERANCE
    return result
