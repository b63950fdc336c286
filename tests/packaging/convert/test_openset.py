"""Rates at equal FPIR, on probes counted by hand."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def rates():
    pytest.importorskip("onnxruntime.quantization")
    from convert.openset import rates

    return rates


def probe(person, matched, similarity):
    return {"person": person, "matched": matched, "similarity": similarity}


STRANGERS = [probe("", "anna", 0.30 + 0.01 * place) for place in range(10)]
GENUINE = [
    probe("anna", "anna", 0.9),
    probe("anna", "anna", 0.385),
    probe("anna", "bert", 0.9),
    probe("bert", None, 0.9),
]


def test_the_threshold_lets_in_no_more_strangers_than_the_rate_allows(rates):
    none, two = rates(STRANGERS + GENUINE, {"anna", "bert"}, (0.0, 0.2))
    assert none["threshold"] > 0.39
    assert 0.37 < two["threshold"] < 0.38
    # Missed: below the threshold, taken for another person, refused.
    assert none["fnir"] == 0.75
    assert two["fnir"] == 0.5


def test_refused_strangers_need_no_threshold(rates):
    refused = [probe("", None, 0.99)] * 10
    (point,) = rates(refused + GENUINE, {"anna", "bert"}, (0.1,))
    assert point["threshold"] == -1.0
