"""The contract that every engine of the catalog keeps; a new engine gets these tests by being listed there."""

from __future__ import annotations

import json
import warnings
from importlib import import_module
from itertools import islice

import numpy as np
import pytest
from case import rows
from sklearn.base import clone
from sklearn.exceptions import EstimatorCheckFailedWarning, NotFittedError, SkipTestWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

import engines
from engines import blocks, dump, load, restore, save
from engines.training import Stopped, StopToken

METHODS = ("predict", "transform", "encode", "quantize")
pytestmark = pytest.mark.in_turn("info")
BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture(params=engines.catalog(), ids=lambda info: info.name)
def info(request):
    return request.param


@pytest.fixture
def case(info):
    return import_module(f"cases.{info.name.lower()}").CASE  # to be written for each engine


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 64 rows, so that little data make several."""
    monkeypatch.setattr(blocks, "MIN_ROWS", 64)
    monkeypatch.setattr(blocks, "TARGET_WORK", 1)


class Source:
    """Rows that are no array, handed out as copies."""

    def __init__(self, array, on_read=lambda: None):
        self._array, self._on_read = array, on_read
        self.shape, self.dtype = array.shape, array.dtype

    def read(self, start, stop):
        self._on_read()
        return self._array[start:stop].copy()


def make(info, case, **parameters):
    return info.estimator(**{**case.quick, **parameters})


def given(info, y):
    """What the engine learns from beside the rows."""
    return y if info.supervised else None


def answers(model, X):
    """What the model says of rows, by method."""
    return {name: getattr(model, name)(X) for name in METHODS if hasattr(model, name)}


def same(one, other):
    return one.keys() == other.keys() and all(
        a.dtype == other[name].dtype and np.array_equal(a, other[name]) for name, a in one.items()
    )


def contents(model):
    """Everything learned, as bytes by name."""
    found = {}
    for name, value in dump(model).items():
        if name.startswith("fitted."):
            bits = isinstance(value, np.ndarray) and value.dtype != object
            found[name] = (value.dtype.str, value.tobytes()) if bits else json.dumps(np.asarray(value).tolist())
    return found


def seen(snapshot):
    arrays = {name: (values.dtype.str, values.shape, values.tobytes()) for name, values in snapshot.arrays.items()}
    metrics = np.array(list(snapshot.metrics.values()), float).tobytes()
    return snapshot.iteration, snapshot.cost, list(snapshot.metrics), metrics, snapshot.message, arrays


def through_json(state):
    """The state as a file gives it back: arrays as they are, the rest through JSON."""
    return {k: v.copy() if isinstance(v, np.ndarray) else json.loads(json.dumps(v)) for k, v in state.items()}


# --- the scikit-learn face


def test_passes_scikit_learns_checks(info, case):
    quick = {name: value for name, value in case.quick.items() if name != "random_state"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EstimatorCheckFailedWarning)
        warnings.simplefilter("ignore", SkipTestWarning)  # it has no checks for estimators of matrices
        results = check_estimator(
            info.estimator(**quick), on_skip=None, expected_failed_checks=dict(case.expected_failures)
        )
    failed = {result["check_name"] for result in results if result["status"] == "xfail"}
    assert failed == set(case.expected_failures)


def test_works_in_clone_pipeline_grid_search_and_set_output(info, case):
    X, y = case.rows()
    engine = make(info, case)
    twin = clone(engine)
    assert twin is not engine
    assert twin.get_params() == engine.get_params()
    pipeline = make_pipeline(case.before(), clone(engine)).set_output(transform="pandas").fit(X, given(info, y))
    frame = pipeline.transform(X)
    assert list(frame.columns) == list(pipeline.get_feature_names_out())
    name = next(iter(case.effects))
    _, first, second = case.effects[name]
    search = GridSearchCV(engine, {name: [first, second]}, cv=2).fit(X, given(info, y))
    assert search.best_params_[name] in (first, second)
    assert np.all(np.isfinite(search.cv_results_["mean_test_score"]))


def test_nothing_can_be_asked_before_learning(info, case):
    asked = [method for method in METHODS if hasattr(info.estimator, method)]
    assert "transform" in asked
    for method in asked:
        with pytest.raises(NotFittedError):
            getattr(make(info, case), method)(case.rows()[0])
    with pytest.raises(NotFittedError):
        dump(make(info, case))


@BOTH
def test_what_is_learned_keeps_the_precision_of_the_rows(info, case, dtype):
    X, y = case.rows(dtype)
    model = make(info, case).fit(X, given(info, y))
    assert getattr(model, info.estimator.FITTED[0]).dtype == dtype
    assert model.transform(X).dtype == dtype


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_refused_in_memory_and_out_of_it(info, case, bad):
    if np.isnan(bad) and case.takes_missing:
        pytest.skip("takes missing values")
    X, y = case.rows()
    X[17, 2] = bad
    for data in (X, Source(X)):
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            make(info, case).fit(data, given(info, y))


def test_rows_of_another_width_are_refused(info, case):
    X, y = case.rows()
    model = make(info, case).fit(X, given(info, y))
    for data in (X[:, : case.fewer], Source(X[:, : case.fewer])):
        with pytest.raises(ValueError, match=rf"{case.fewer} features, but .* is expecting {X.shape[1]}"):
            model.transform(data)


# --- training as an iterator


def test_fit_is_a_training_pulled_to_its_end(info, case):
    X, y = case.rows()
    fitted = make(info, case).fit(X, given(info, y))
    pulled = make(info, case)
    snapshots = list(pulled.train(X, given(info, y)))
    assert contents(fitted) == contents(pulled)
    assert [s.iteration for s in snapshots] == list(range(len(snapshots)))
    assert np.array_equal(pulled.history_["cost"], [s.cost for s in snapshots])
    assert all(len(column) == len(snapshots) for column in pulled.history_.values())
    assert snapshots[-1].n_iterations is None or snapshots[-1].iteration <= snapshots[-1].n_iterations


def test_snapshots_are_read_only_and_never_change(info, case):
    X, y = case.rows()
    training = make(info, case).train(X, given(info, y))
    first = next(training)
    before = seen(first)
    list(training)
    assert seen(first) == before
    for values in first.arrays.values():
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 0


@BOTH
def test_a_snapshots_arrays_make_the_model_that_is_fitted_at_that_step(info, case, dtype):
    X, y = case.rows(dtype)
    engine = make(info, case)
    for snapshot in engine.train(X, given(info, y)):
        made = info.estimator.from_arrays(engine.get_params(), snapshot.arrays)
        assert same(answers(made, X), answers(engine, X))


@BOTH
@pytest.mark.parametrize("variant", range(3))
def test_a_training_resumed_after_any_pull_goes_on_bit_for_bit(info, case, dtype, variant):
    X, y = case.rows(dtype)
    changes = case.variants[variant % len(case.variants)]
    whole = make(info, case, **changes)
    snapshots = [seen(snapshot) for snapshot in whole.train(X, given(info, y))]
    assert len(snapshots) > 3
    for n_pulled in range(len(snapshots) + 1):
        training = make(info, case, **changes).train(X, given(info, y))
        list(islice(training, n_pulled))
        again = make(info, case, **changes)
        rest = again.train(X, given(info, y), resume=through_json(training.state()))
        assert [seen(snapshot) for snapshot in rest] == snapshots[n_pulled:]
        assert contents(again) == contents(whole)


def test_a_state_of_another_engine_or_other_data_is_refused(info, case):
    X, y = case.rows()
    training = make(info, case).train(X, given(info, y))
    next(training)
    state = training.state()
    with pytest.raises(ValueError, match="cannot resume"):
        make(info, case).train(X, given(info, y), resume={**state, "engine": "Other"})
    with pytest.raises(ValueError, match=r"state|resume"):
        make(info, case).train(X[:, : case.fewer], given(info, y), resume=state)


# --- stopping


class StopAt(StopToken):
    """Stops at the n-th look at it."""

    def __init__(self, n):
        super().__init__()
        self.left = n

    def check(self):
        self.left -= 1
        if self.left < 0:
            self.set()
        super().check()


def test_a_stop_at_any_look_leaves_the_last_whole_step(info, case, small_blocks):
    X, y = case.rows(n=200)
    whole = make(info, case, n_jobs=1)
    states = [contents(whole) for _ in whole.train(X, given(info, y))]
    looks = 0
    while True:
        engine = make(info, case, n_jobs=1)
        training = engine.train(X, given(info, y))
        training._stop = StopAt(looks)
        n_done = len(list(training))
        if n_done == len(states):
            break
        assert training.stopped
        if n_done:
            assert contents(engine) == states[n_done - 1]
        else:
            with pytest.raises(NotFittedError):
                engine.transform(X)
        looks += 1 + looks // 4
    assert looks > len(states)


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_stop_is_felt_within_a_few_blocks(info, case, n_jobs, small_blocks):
    X, y = case.rows(n=64 * 40)
    counts = {"reads": 0}
    whole = make(info, case, n_jobs=n_jobs).train(
        Source(X, lambda: counts.update(reads=counts["reads"] + 1)), given(info, y)
    )
    next(whole)
    n_start = counts["reads"]
    for at in (1, n_start // 2, n_start + 5):
        counts = {"reads": 0, "left": at}
        training = None

        def on_read():
            counts["reads"] += 1  # noqa: B023
            if counts["reads"] == counts["left"]:  # noqa: B023
                training.stop()  # noqa: B023

        training = make(info, case, n_jobs=n_jobs).train(Source(X, on_read), given(info, y))
        list(training)
        assert counts["reads"] <= at + 2 * n_jobs


def test_stop_token_raises_only_once_set():
    token = StopToken()
    token.check()
    token.set()
    with pytest.raises(Stopped):
        token.check()


# --- blocks, threads, sources


@BOTH
def test_the_bits_do_not_depend_on_the_number_of_threads(info, case, dtype, small_blocks):
    X, y = case.rows(dtype, n=1000)
    models = [make(info, case, n_jobs=n_jobs).fit(X, given(info, y)) for n_jobs in (1, 2, 3)]
    assert contents(models[0]) == contents(models[1]) == contents(models[2])
    found = [answers(model, X) for model in models]
    assert same(found[0], found[1])
    assert same(found[0], found[2])


@BOTH
@pytest.mark.parametrize("variant", range(3))
def test_a_row_source_gives_the_bits_of_the_array(info, case, dtype, variant, small_blocks):
    X, y = case.rows(dtype, n=500)
    changes = case.variants[variant % len(case.variants)]
    from_array = make(info, case, **changes).fit(X, given(info, y))
    from_source = make(info, case, **changes).fit(Source(X), given(info, y))
    assert contents(from_array) == contents(from_source)
    assert same(answers(from_array, X), answers(from_source, Source(X)))


def test_a_source_of_whole_numbers_is_learned_as_float64(info, case):
    X, y = case.rows()
    bytes_ = np.clip(X * 20 + 100, 0, 255).astype(np.uint8)
    one = make(info, case).fit(Source(bytes_), given(info, y))
    two = make(info, case).fit(bytes_.astype(np.float64), given(info, y))
    assert contents(one) == contents(two)


# --- saved models


@BOTH
@pytest.mark.parametrize("labels", ["int", "str", "object", "bool"])
def test_a_saved_model_predicts_the_same_bits(info, case, dtype, labels, tmp_path):
    X, y = case.rows(dtype)
    names = {
        "int": y * 10 - 5,
        "str": np.array(["grün", "ɸ", "a long name"])[y],
        "object": np.array(["x", "yy", "żółw"], dtype=object)[y],
        "bool": y > 0,
    }
    model = make(info, case).fit(X, given(info, names[labels]))
    save(model, tmp_path / "model.safetensors")
    for other in (load(tmp_path / "model.safetensors"), restore(dump(model))):
        assert type(other) is type(model)
        assert contents(other) == contents(model)
        assert same(answers(other, X), answers(model, X))


# --- parameters


def test_every_parameter_changes_the_result(info, case):
    X, y = case.rows()
    names = {parameter.name for parameter in info.parameters}
    assert set(case.effects) == names - {"n_jobs", "device"}, "every parameter needs a row in the engine's case"
    for name, (base, first, second) in case.effects.items():
        one, same, two = (
            contents(make(info, case, **{**base, name: value}).fit(X, given(info, y)))
            for value in (first, first, second)
        )
        assert one == same
        for learned in (one, two):
            del learned["fitted.history_"]
        assert one != two, f"{name} changes nothing"


def test_declarations_are_whole_and_say_what_is_wrong(info):
    for parameter in info.parameters:
        assert parameter.doc
        assert not parameter.doc.endswith(".")
        parameter.check(parameter.default, info.name)
        for choice in parameter.choices:
            assert parameter.parse(choice, info.name) == choice
        if parameter.default is not None and not parameter.kinds & {"mapping"}:
            assert parameter.parse(str(parameter.default), info.name) == parameter.default
        with pytest.raises(ValueError, match=rf"^{info.name}: {parameter.name} must be .*\.$"):
            parameter.check(object(), info.name)
        with pytest.raises(ValueError, match=parameter.name):
            info.estimator(**{parameter.name: object()}).train(*rows())


def test_the_catalog_leads_to_the_engine(info):
    assert getattr(engines, info.name) is info.estimator
    assert engines.engine_info(info.name.lower()) is info
    assert info.name in dir(engines)
    assert info.estimator.__name__ == info.name
