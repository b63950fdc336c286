"""Embeddings and matches without a network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kiosk.domain import Embedding, ModelId

MODEL = ModelId("facenet", "1", "fp32")


@pytest.fixture(scope="session")
def model() -> ModelId:
    return MODEL


@pytest.fixture(scope="session")
def embedding() -> Callable[..., Embedding]:
    """Make an embedding from any vector."""

    def make(vector: object, model: ModelId = MODEL) -> Embedding:
        values = np.array(vector, np.float64)
        return Embedding((values / np.linalg.norm(values)).astype(np.float32), model)

    return make
