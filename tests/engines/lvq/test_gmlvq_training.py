"""GMLVQ as a training: resumed, stopped, read from a source, on any number of threads, always the same bits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from lvq_cases import ArrayRowsOf, clouds, model_bytes

from engines import GMLVQ, blocks
from engines.lvq import initializers

WAYS = {
    "lbfgs": {"prototypes_per_class": 2, "metric_warmup": 3, "log_det": 0.01},
    "lbfgs with auto warm-up and a held-out share": {"validation_fraction": 0.2, "class_weight": "balanced"},
    "adam on batches, averaged": {"solver": "adam", "batch_size": 16, "average": 0.8, "schedule": "cosine"},
    "sgd on all rows": {"solver": "sgd", "momentum": 0.9, "learning_rate": 0.02, "schedule": "hyperbolic"},
    "adam, low rank, random starts": {"solver": "adam", "rank": 2, "omega_init": "random", "init": "kmeans++"},
    "frozen metric on batches": {"solver": "adam", "batch_size": 20, "frozen": "metric", "init": "random"},
}


def engine(way, **more):
    return GMLVQ(**{"random_state": 3, "max_iter": 9, "transfer": "sigmoid", "beta": 3.0, **WAYS[way], **more})


def on_many_rows(way, **more):
    """The same way for 2,600 rows: larger batches, fewer iterations."""
    batches = {"batch_size": 400} if "batch_size" in WAYS[way] else {}
    return engine(way, **{"max_iter": 4, **batches, **more})


def through_json(state):
    plain = json.loads(json.dumps({k: v for k, v in state.items() if not isinstance(v, np.ndarray)}))
    return {k: v.copy() if isinstance(v, np.ndarray) else plain[k] for k, v in state.items()}


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("n_before", [1, 3, 4, 8])
def test_resumed_training_has_the_bits_of_the_uninterrupted_one(way, n_before):
    X, y = clouds(60)
    whole = engine(way)
    expected = list(whole.train(X, y))
    first = engine(way).train(X, y)
    for _ in range(n_before):
        next(first)
    second = engine(way)
    rest = list(second.train(X, y, resume=through_json(first.state())))
    assert [s.cost for s in rest] == [s.cost for s in expected[n_before:]]
    assert [dict(s.metrics) for s in rest] == [dict(s.metrics) for s in expected[n_before:]]
    assert model_bytes(second) == model_bytes(whole)
    for name, column in whole.history_.items():
        np.testing.assert_array_equal(second.history_[name], column)


@pytest.mark.parametrize("way", list(WAYS))
def test_stop_inside_a_step_leaves_the_step_before_and_the_way_on(way, monkeypatch):
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    X, y = clouds(2600)
    expected = list(on_many_rows(way).train(X, y))
    rows = ArrayRowsOf(X)
    one = on_many_rows(way, n_jobs=1)
    rows.training = training = one.train(rows, y)
    next(training)
    next(training)
    snapshot = next(training)
    rows.stop_at = rows.n_reads + 1
    assert list(training) == []
    assert training.stopped
    assert one.prototypes_.tobytes() == snapshot.arrays["prototypes"].tobytes()
    assert one.n_iter_ == 2
    two = on_many_rows(way)
    rest = list(two.train(X, y, resume=through_json(training.state())))
    assert [s.cost for s in rest] == [s.cost for s in expected[3:]]
    assert two.prototypes_.tobytes() == expected[-1].arrays["prototypes"].tobytes()


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_source_and_threads_change_no_bit(way, dtype, monkeypatch):
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)
    monkeypatch.setattr(initializers, "MAX_SAMPLE", 300)
    X, y = clouds(2600)
    X = X.astype(dtype)
    expected = on_many_rows(way, max_iter=3, n_jobs=1).fit(X, y)
    for rows, n_jobs in ((X, 4), (ArrayRowsOf(X), 1), (ArrayRowsOf(X), 3)):
        found = on_many_rows(way, max_iter=3, n_jobs=n_jobs).fit(rows, y)
        assert model_bytes(found) == model_bytes(expected)
        assert found.transform(rows).tobytes() == expected.transform(X).tobytes()
    assert expected.transform(X).dtype == expected.prototypes_.dtype == dtype


def test_float32_finds_nearly_the_model_of_float64():
    X, y = clouds(300)
    one, two = (GMLVQ(max_iter=10).fit(X.astype(dtype), y) for dtype in (np.float32, np.float64))
    np.testing.assert_allclose(one.prototypes_, two.prototypes_, atol=1e-3)
    np.testing.assert_allclose(one.relevance_matrix_, two.relevance_matrix_, atol=1e-3)


def test_a_state_of_other_data_or_parameters_is_refused():
    X, y = clouds()
    training = GMLVQ(2, random_state=0).train(X, y)
    next(training)
    state = training.state()
    with pytest.raises(ValueError, match="need"):
        GMLVQ(3).train(X, y, resume=state)
    with pytest.raises(ValueError, match="need"):
        GMLVQ(2).train(X[:, :3], y, resume=state)
    with pytest.raises(ValueError, match="does not fit"):
        GMLVQ(2).train(X, y, resume={k: v for k, v in state.items() if k != "learner.point.omega"})
    with pytest.raises(ValueError, match="does not fit"):
        GMLVQ(2, solver="adam").train(X, y, resume=state)


def test_snapshots_once_given_never_change():
    X, y = clouds()
    model = GMLVQ(solver="adam", max_iter=5, metric_warmup=0, random_state=0)
    asked_at_once = [step.arrays["prototypes"].copy() for step in model.train(X, y)]
    steps = list(model.train(X, y))
    asked_at_the_end = [step.arrays["prototypes"] for step in steps]
    np.testing.assert_array_equal(asked_at_once, asked_at_the_end)
    assert not np.array_equal(asked_at_once[0], asked_at_once[1])
    with pytest.raises(ValueError, match="read-only"):
        steps[0].arrays["omega"][0, 0] = 1


def test_a_finished_training_resumes_as_finished():
    X, y = clouds()
    one = GMLVQ(max_iter=3)
    training = one.train(X, y)
    list(training)
    two = GMLVQ(max_iter=3)
    assert list(two.train(X, y, resume=training.state())) == []
    assert model_bytes(one) == model_bytes(two)
