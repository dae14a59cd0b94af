"""Every engine of the catalog against input that nobody wishes for: the right answer, or one clear sentence."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from case import rows
from sklearn.exceptions import NotFittedError
from test_contract import METHODS, Source, answers, contents, given, same

import engines

pytestmark = pytest.mark.in_turn("info")
FLOATS = (np.float64, pytest.param(np.float32, marks=pytest.mark.slow))
UNFIT = (ValueError, TypeError)


@pytest.fixture(params=engines.catalog(), ids=lambda info: info.name)
def info(request):
    return request.param


@pytest.fixture
def case(info):
    return import_module(f"cases.{info.name.lower()}").CASE


def make(info, case, **parameters):
    """The engine, quick and on one thread; `count` is the number of its prototypes, where one parameter tells it."""
    count = parameters.pop("count", None)
    if count is not None:
        parameters[info.count] = count
    threads = {"n_jobs": 1} if any(parameter.name == "n_jobs" for parameter in info.parameters) else {}
    return info.estimator(**{**threads, **case.quick, **parameters})


def fitted(info, case, X, sample_weight=None, **parameters):
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    return make(info, case, **parameters).fit(X, given(info, np.arange(n) % 3), sample_weight)


def assert_sound(model, X):
    """All that was learned and all that the model says of rows (n, d) is finite, and no code stands for nothing."""
    for name in model.FITTED:
        values = np.asarray(getattr(model, name))
        assert values.dtype.kind != "f" or np.all(np.isfinite(values)), name
    assert np.all(np.isfinite(model.history_["cost"]))
    for name, values in answers(model, X).items():
        assert len(values) == len(X)
        assert values.dtype.kind != "f" or np.all(np.isfinite(values)), name
    codes = model.encode(X)
    assert np.array_equal(model.decode(codes), model.quantize(X))
    assert np.array_equal(model.decode(model.encode(X, packed=True)), model.quantize(X))


def assert_refused(call, *words):
    """The call ends in one readable error that has these words."""
    with pytest.raises(UNFIT) as caught:
        call()
    message = str(caught.value)
    assert len(message) > 15
    for word in words:
        assert word in message, message


# --- values


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("form", [np.asarray, Source])
def test_values_that_are_not_finite_are_refused_in_learning_and_in_use(info, case, bad, dtype, form):
    X = case.rows(dtype, n=60)[0]
    model = fitted(info, case, X)
    X[17, 2] = bad
    if case.takes_missing and np.isnan(bad):
        assert np.all(np.isfinite(fitted(info, case, form(X)).prototypes_))
        assert np.all(np.isfinite(model.transform(form(X))))
        return
    word = "NaN" if np.isnan(bad) else "infinity"
    assert_refused(lambda: fitted(info, case, form(X)), "Input X", word)
    for name in METHODS:
        if hasattr(model, name):
            assert_refused(lambda name=name: getattr(model, name)(form(X)), "Input X", word)
    if hasattr(model, "partial_fit"):
        before = contents(model)
        assert_refused(lambda: model.partial_fit(form(X), given(info, np.arange(60) % 3)), "Input X", word)
        assert contents(model) == before


def degenerate(dtype):
    """Rows of which little can be learned, by name."""
    rng = np.random.default_rng(5)
    X = rows(np.float64, n=45)[0]
    constant = X.copy()
    constant[:, 1] = 3.7
    unlike = X.copy()
    unlike[:, 0] *= 1e12
    found = {
        "a constant column": constant,
        "one column of several": X * [1, 0, 0, 0],
        "all rows equal": np.full((30, 4), 2.3),
        "all rows equal, far off": np.full((30, 4), 1e6 + 0.3),
        "three rows, each many times": np.repeat(rng.normal(size=(3, 4)), 12, axis=0),
        "far from zero": X + 1e6,
        "columns of unlike size": unlike,
        "tiny": X * 1e-30,
        "one column": X[:, :1],
        "many columns": rng.normal(size=(12, 10_001)),
    }
    return {name: values.astype(dtype) for name, values in found.items()}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", list(degenerate(float)))
def test_degenerate_rows_give_a_sound_model_or_a_clear_error(info, case, name, dtype):
    if case.rows is not rows:
        pytest.skip("its rows are no plain numbers; they have tests of their own")
    X = degenerate(dtype)[name]
    parameters = case.wide if name == "many columns" else {}
    refused = {
        ("ProductQuantizer", "one column"): "n_subspaces=2",
        ("OptimizedProductQuantizer", "one column"): "n_subspaces=2",
        ("OptimizedProductQuantizer", "many columns"): "n_features=10001",
    }.get((info.name, name))
    if name == "tiny" and dtype == np.float32 and info.family == "lvq" and info.name != "MedianLVQ":
        refused = "vanish in float32: scale them"
    if refused:
        assert_refused(lambda: fitted(info, case, X, **parameters), refused)
    else:
        assert_sound(fitted(info, case, X, **parameters), X)


@pytest.mark.parametrize(
    ("dtype", "exponent"), [(np.float32, 50), (np.float32, -50), (np.float64, 200), (np.float64, -200)]
)
def test_a_power_of_two_in_the_units_changes_no_label(info, case, dtype, exponent):
    if info.name in ("GaussianMixture", "SphericalKMeans", "LogEuclideanGLVQ"):
        pytest.skip("the variance that a mixture adds has units; unit lengths and logarithms round")
    X = case.rows(dtype, n=60)[0]
    one, other = fitted(info, case, X), fitted(info, case, X * dtype(2.0) ** dtype(exponent))
    assert np.array_equal(one.encode(X), other.encode(X * dtype(2.0) ** dtype(exponent)))
    first = one.FITTED[0]
    assert np.array_equal(getattr(one, first) * dtype(2.0) ** dtype(exponent), getattr(other, first))


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 2e38), (np.float64, 1e154), (np.float64, 1e200)])
@pytest.mark.parametrize("form", [np.asarray, Source])
def test_values_too_large_to_be_squared_are_refused(info, case, dtype, size, form):
    X = case.rows(n=60)[0]
    X = X / np.abs(X).max()
    if info.name == "SphericalKMeans" and form is Source:
        pytest.skip("rows are brought to unit length as they are read")
    model = fitted(info, case, X.astype(dtype))
    huge = form((X * size).astype(dtype))
    assert_refused(lambda: fitted(info, case, huge), "scale them")
    assert_refused(lambda: model.encode(huge), "scale them")


# --- forms


@pytest.mark.parametrize(
    "dtype",
    [np.float16, np.uint8, *(pytest.param(kind, marks=pytest.mark.slow) for kind in (np.int8, bool, np.int64, object))],
)
@pytest.mark.parametrize("form", [np.asarray, Source])
def test_other_types_are_learned_as_float64(info, case, dtype, form):
    if dtype is object and form is Source:
        pytest.skip("sources hold numbers")
    if dtype is bool and case.rows is not rows:
        pytest.skip("its rows are no plain numbers")
    X = np.clip(case.rows(n=60)[0] * 20 + 40, 0, 100).astype(dtype)
    assert contents(fitted(info, case, form(X))) == contents(fitted(info, case, X.astype(np.float64)))


def test_the_layout_in_memory_does_not_matter(info, case, tmp_path):
    X = case.rows(n=60)[0]
    model = fitted(info, case, X)
    still = X.copy()
    still.flags.writeable = False
    mapped = np.memmap(tmp_path / "rows", dtype=X.dtype, mode="w+", shape=X.shape)
    mapped[:] = X
    mapped.flush()
    forms = {
        "read-only": still,
        "by columns": np.asfortranarray(X),
        "every other one": np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2],
        "backwards": X[::-1].copy()[::-1],
        "mapped": np.memmap(tmp_path / "rows", dtype=X.dtype, mode="r", shape=X.shape),
        "list": X.tolist(),
        "frame": pd.DataFrame(X),
    }
    for name, form in forms.items():
        other = fitted(info, case, form)
        assert contents(other) == contents(model), name
        assert same(answers(other, form), answers(model, X)), name


@pytest.mark.parametrize(
    "X",
    [
        np.empty((0, 4)),
        np.empty((30, 0)),
        np.arange(30.0),
        np.zeros((30, 4, 2)),
        np.full((30, 4), "a"),
        np.zeros((30, 4), complex),
        None,
        3.0,
        Source(np.empty((0, 4))),
        Source(np.empty((30, 0))),
    ],
    ids=["no rows", "no columns", "1-D", "3-D", "texts", "complex", "None", "a number", "empty source", "no width"],
)
def test_what_is_no_table_is_refused(info, case, X):
    y = np.arange(30) % 3
    assert_refused(lambda: make(info, case).fit(X, given(info, y)))


# --- how many


def test_fewer_rows_than_prototypes_are_refused_naming_both_numbers(info, case):
    if not info.count:
        pytest.skip("no single number of prototypes")
    X = case.rows(n=3)[0]
    for form in (X, Source(X)):
        assert_refused(lambda form=form: fitted(info, case, form, count=5), "n_samples=3", f"{info.count}=5")


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_as_many_prototypes_as_rows_or_one(info, case, n, dtype):
    if not info.count:
        pytest.skip("no single number of prototypes")
    X = case.rows(dtype, n=7)[0]
    assert_sound(fitted(info, case, X, count=1), X)
    assert_sound(fitted(info, case, X[:n], count=n), X[:n])


def test_one_row_is_learned_where_one_prototype_can_be_asked_for(info, case):
    X = case.rows(n=1)[0]
    if not info.count:
        if info.name in ("SOM", "DeepVQ"):
            assert_sound(fitted(info, case, X), X)
            return
        assert_refused(lambda: fitted(info, case, X))
        return
    model = fitted(info, case, X, count=1)
    np.testing.assert_allclose(model.quantize(X), X / (np.linalg.norm(X) if info.name == "SphericalKMeans" else 1))


# --- weights


@pytest.mark.parametrize(
    "weights",
    [
        np.zeros(60),
        np.full(60, -1.0),
        np.r_[np.nan, np.ones(59)],
        np.r_[np.inf, np.ones(59)],
        np.ones(59),
        np.ones((60, 2)),
    ],
    ids=["zero", "negative", "NaN", "infinite", "too few", "2-D"],
)
def test_unfit_weights_are_refused(info, case, weights):
    X = case.rows(n=60)[0]
    for form in (X, Source(X)):
        assert_refused(lambda form=form: fitted(info, case, form, weights), "sample_weight")


@pytest.mark.parametrize("kind", ["a cloud of weight zero", "huge ratios", "tiny"])
def test_unlike_weights_give_a_sound_model(info, case, kind):
    X = case.rows(n=90)[0]
    rng = np.random.default_rng(0)
    weights = {
        "a cloud of weight zero": (X[:, 0] > 0).astype(float),
        "huge ratios": 10.0 ** rng.uniform(-12, 12, len(X)),
        "tiny": np.full(len(X), 1e-200),
    }[kind]
    assert_sound(fitted(info, case, X, weights), X)


# --- use


def test_rows_of_another_width_or_none_are_refused_in_use(info, case):
    X = case.rows(n=60)[0]
    model = fitted(info, case, X)
    for name in METHODS:
        if hasattr(model, name):
            for wrong in (X[:, :3], np.c_[X, X], Source(X[:, :3]), np.empty((0, 4)), X[0]):
                assert_refused(lambda name=name, wrong=wrong: getattr(model, name)(wrong))
    if hasattr(model, "partial_fit"):
        assert_refused(lambda: model.partial_fit(X[:, :3]))


def test_an_empty_source_has_no_codes(info, case):
    X = case.rows(n=60)[0]
    model = fitted(info, case, X)
    assert len(model.encode(Source(X[:0]))) == 0
    assert model.decode(model.encode(X)[:0]).shape == (0, *model.quantize(X).shape[1:])


def test_codes_that_stand_for_nothing_are_refused(info, case):
    X = case.rows(n=60)[0]
    model = fitted(info, case, X)
    codes = model.encode(X)
    over = codes.copy()
    over[3] = np.max(model.code_sizes)
    for wrong in (
        over,
        codes - codes.max() - 1,
        codes.astype(float),
        codes[None, None],
        "text",
        None,
        codes.astype(str),
    ):
        assert_refused(lambda wrong=wrong: model.decode(wrong), "Codes")
    packed = model.encode(X, packed=True)
    assert_refused(lambda: model.decode(np.hstack([packed, packed, packed])), "Codes")


# --- training


def test_a_stop_at_once_leaves_the_engine_untrained(info, case):
    X, y = case.rows(n=60)
    engine = make(info, case)
    training = engine.train(X, given(info, y))
    training.stop()
    assert list(training) == []
    with pytest.raises(NotFittedError):
        engine.encode(X)
    again = engine.train(X, given(info, y), resume=training.state())
    again.run()
    assert contents(engine) == contents(make(info, case).fit(X, given(info, y)))


def state_after(info, case, n_pulls):
    X, y = case.rows(n=60)
    training = make(info, case).train(X, given(info, y))
    for _ in range(n_pulls):
        next(training)
    return X, given(info, y), training.state()


def test_a_state_of_another_number_of_prototypes_is_refused(info, case):
    X, y, state = state_after(info, case, 2)
    if info.count and info.name != "LBG":  # which grows: any smaller number is on its way
        larger = make(info, case, count=7)
        assert_refused(lambda: larger.train(X, y, resume=state), "state to resume")
    assert_refused(lambda: make(info, case).train(X[:, : case.fewer], y, resume=state), "state")
    assert_refused(lambda: make(info, case).train(X, y, resume={**state, "engine": "Other"}), "Other")


def test_a_state_that_lacks_a_part_is_refused(info, case):
    X, y, state = state_after(info, case, 2)
    for name in state:
        if not name.startswith("learner.") or ".best" in name or "best_" in name:  # which need not be looked at
            continue
        without = {key: value for key, value in state.items() if key != name}
        assert_refused(lambda without=without: make(info, case).train(X, y, resume=without), "state")


@pytest.mark.parametrize("kind", ["int", "RandomState", "None"])
def test_every_kind_of_random_state_is_taken(info, case, kind):
    if not any(parameter.name == "random_state" for parameter in info.parameters):
        pytest.skip("no chance in it")
    X = case.rows(n=60)[0]
    seed = {"int": lambda: 3, "RandomState": lambda: np.random.RandomState(3), "None": lambda: None}[kind]
    one, other = (fitted(info, case, X, random_state=seed()) for _ in range(2))
    assert_sound(one, X)
    if kind != "None":
        assert contents(one) == contents(other)


def test_any_number_of_threads_but_none_is_taken(info, case):
    if not any(parameter.name == "n_jobs" for parameter in info.parameters):
        pytest.skip("one thread")
    X = case.rows(n=60)[0]
    one = contents(fitted(info, case, X))
    for n_jobs in (-1, 64, None, -99):
        assert contents(fitted(info, case, X, n_jobs=n_jobs)) == one
    assert_refused(lambda: fitted(info, case, X, n_jobs=0), "n_jobs")


def test_unfit_validation_rows_are_refused(info, case):
    X, y = case.rows(n=60)
    bad = X.copy()
    bad[3, 1] = np.inf
    for wrong in (X[:, :3], X[:0], bad, Source(X[:, :3]), Source(bad), X[0], None):
        n = wrong.shape[0] if wrong is not None else 60
        labels = given(info, np.arange(n) % 3)
        assert_refused(
            lambda wrong=wrong, labels=labels: (
                make(info, case).train(X, given(info, y), validation=(wrong, labels)).run()
            )
        )
