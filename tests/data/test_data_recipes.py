"""Laws of recipes and splits: what is fitted on the training part, undone, stored and dealt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from engines.rows import ArrayRows
from workbench.data import DataError, FittedRecipe, Recipe, Split, fit_recipe, guess, read
from workbench.data import rows as row_module
from workbench.data.splitting import split_rows

numbers = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)


def fit(recipe: Recipe, X: np.ndarray, training: np.ndarray | None = None) -> FittedRecipe:
    return fit_recipe(recipe, ArrayRows(X), tuple(f"x{k}" for k in range(X.shape[1])), training)


@given(numbers, st.sampled_from(["none", "standard", "minmax", "symmetric"]), st.sampled_from(["none", "zca"]))
@settings(deadline=None)
def test_the_inverse_undoes_the_transform(X: np.ndarray, scaling: str, whitening: str) -> None:
    fitted = fit(Recipe(scaling=scaling, whitening=whitening), X)
    restored = fitted.inverse(fitted.transform(X))
    np.testing.assert_allclose(restored, X, rtol=0, atol=1e-7 * max(1.0, np.abs(X).max()))


@given(
    numbers,
    st.sampled_from(["none", "standard", "minmax", "symmetric"]),
    st.booleans(),
    st.sampled_from(["none", "pca", "zca"]),
)
@settings(deadline=None)
def test_what_the_inverse_gives_of_prototypes_comes_back_also_where_contrast_is_normalised(
    X: np.ndarray, scaling: str, contrast: bool, whitening: str
) -> None:
    recipe = fit(Recipe(scaling=scaling, contrast=contrast, whitening=whitening), X)
    prototypes = recipe.inverse(recipe.transform(X)[:3] * 0.7)
    back = recipe.back(prototypes)
    assert (back.dtype, back.shape) == (recipe.dtype, (len(prototypes), len(recipe.feature_names)))
    size = max(1.0, float(np.abs(X).max()), float(np.abs(prototypes).max()))
    np.testing.assert_allclose(recipe.inverse(back), prototypes, rtol=0, atol=1e-4 * size)


def test_recipes_are_alike_that_do_the_same_whatever_split_they_were_fitted_on() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    one = fit(Recipe(scaling="standard"), X)
    assert one.is_like(fit(Recipe(scaling="standard", split=Split(0.5, 0.0, 0.5)), X))
    assert not one.is_like(fit(Recipe(scaling="standard"), X + 1e-9))
    assert not one.is_like(fit(Recipe(scaling="minmax"), X))
    assert not one.is_like(fit(Recipe(scaling="standard"), X.astype(np.float32)))


@given(numbers)
@settings(deadline=None)
def test_pca_whitening_is_undone_within_the_span_of_the_training_rows(X: np.ndarray) -> None:
    fitted = fit(Recipe(whitening="pca"), X)
    restored = fitted.inverse(fitted.transform(X))
    np.testing.assert_allclose(restored, X, rtol=0, atol=1e-4 * max(1.0, np.abs(X).max()))


@given(numbers, st.sampled_from(["none", "standard", "minmax", "symmetric"]), st.sampled_from(["none", "pca", "zca"]))
@settings(deadline=None)
def test_a_recipe_without_contrast_is_the_affine_map_that_it_says(X: np.ndarray, scaling: str, whitening: str) -> None:
    fitted = fit(Recipe(scaling=scaling, whitening=whitening), X)
    affine = fitted.affine()
    assert affine is not None
    expected, size = fitted.transform(X), np.abs(X).max()
    rounding = 8 * np.finfo(float).eps * np.abs(affine[0]).sum(axis=1).max() * size  # of A x, where x - center has none
    np.testing.assert_allclose(X @ affine[0].T + affine[1], expected, rtol=0, atol=1e-5 * max(1.0, size) + rounding)
    assert fit(Recipe(contrast=True), X).affine() is None


@pytest.mark.parametrize("whitening", ["pca", "zca"])
@pytest.mark.parametrize("value", [0.114, 1e-9 / 3, 1e6 / 7])
def test_rows_that_are_all_alike_are_not_whitened_into_noise(whitening: str, value: float) -> None:
    X = np.full((5, 2), value)
    np.testing.assert_allclose(fit(Recipe(whitening=whitening), X).transform(X), 0, atol=1e-9 * value)


@given(
    numbers,
    st.sampled_from(["standard", "minmax", "symmetric"]),
    st.booleans(),
    st.sampled_from(["none", "pca", "zca"]),
)
@settings(deadline=None)
def test_a_fitted_recipe_survives_its_state_bit_for_bit(
    X: np.ndarray, scaling: str, contrast: bool, whitening: str
) -> None:
    fitted = fit(Recipe(scaling=scaling, contrast=contrast, whitening=whitening, missing="median"), X)
    state = fitted.to_state()
    plain = {key: value for key, value in state.items() if not isinstance(value, np.ndarray)}
    stored = {**state, **json.loads(json.dumps(plain))}
    again = FittedRecipe.from_state(stored)
    assert again.transform(X).tobytes() == fitted.transform(X).tobytes()
    assert again.recipe == fitted.recipe
    assert again.feature_names == fitted.feature_names


@given(
    st.sampled_from(["mean", "median", "drop"]), st.sampled_from(["none", "minmax"]), st.booleans(), st.integers(0, 99)
)
def test_a_recipe_survives_json(missing: str, scaling: str, contrast: bool, seed: int) -> None:
    recipe = Recipe(missing, scaling, contrast, split=Split(0.7, 0.2, 0.1, seed=seed))
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_standard_and_minmax_scaling_agree_with_scikit_learn() -> None:
    X = np.random.default_rng(0).normal(3, [1, 50, 1e-4], size=(500, 3))
    np.testing.assert_allclose(fit(Recipe(scaling="standard"), X).transform(X), StandardScaler().fit_transform(X))
    np.testing.assert_allclose(fit(Recipe(scaling="minmax"), X).transform(X), MinMaxScaler().fit_transform(X))
    symmetric = fit(Recipe(scaling="symmetric"), X).transform(X)
    np.testing.assert_allclose(symmetric, MinMaxScaler((-1, 1)).fit_transform(X), atol=1e-12)


def test_pca_whitening_agrees_with_scikit_learn_up_to_signs() -> None:
    X = np.random.default_rng(0).normal(size=(400, 4)) @ np.random.default_rng(1).normal(size=(4, 4))
    ours = fit(Recipe(whitening="pca", whitening_floor=1e-15), X).transform(X)
    theirs = PCA(whiten=True).fit_transform(X) * np.sqrt(400 / 399)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), rtol=1e-6, atol=1e-8)


def test_zca_whitening_gives_unit_covariance_and_stays_near_the_columns() -> None:
    X = np.random.default_rng(0).normal(size=(400, 4)) @ (np.eye(4) + 0.2)
    Z = fit(Recipe(whitening="zca", whitening_floor=1e-15), X).transform(X)
    np.testing.assert_allclose(np.cov(Z.T, bias=True), np.eye(4), atol=1e-8)
    correlation = np.corrcoef(X.T, Z.T)[:4, 4:]
    assert (correlation.argmax(axis=1) == np.arange(4)).all()


@pytest.mark.parametrize("strategy", ["mean", "median"])
def test_filling_agrees_with_scikit_learn(strategy: str) -> None:
    X = np.random.default_rng(0).normal(size=(101, 6))
    X[np.random.default_rng(1).random(X.shape) < 0.3] = np.nan
    filled = fit(Recipe(missing=strategy), X).transform(X)
    np.testing.assert_allclose(filled, SimpleImputer(strategy=strategy).fit_transform(X), rtol=1e-12, atol=1e-13)


def test_numbers_come_from_the_training_rows_alone() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    training = np.arange(60) < 40
    spoiled = X.copy()
    spoiled[40:] = 1e9
    recipe = Recipe("median", "standard", contrast=True, whitening="zca")
    ours, theirs = fit(recipe, spoiled, training).to_state(), fit(recipe, X[:40]).to_state()
    assert ours.keys() == theirs.keys()
    for key, value in ours.items():
        np.testing.assert_array_equal(value, theirs[key])


def test_fitting_in_blocks_agrees_with_fitting_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    X = np.random.default_rng(0).normal(1e4, 1, size=(300, 5))
    recipe = Recipe("mean", "standard", contrast=True, whitening="pca")
    whole = fit(recipe, X).transform(X)
    monkeypatch.setattr(row_module, "BLOCK_BYTES", 8 * 5 * 7)
    np.testing.assert_allclose(np.abs(fit(recipe, X).transform(X)), np.abs(whole), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("scaling", ["standard", "minmax", "symmetric"])
def test_a_constant_column_stays_finite_and_is_restored(scaling: str) -> None:
    X = np.column_stack([np.full(20, 0.1), np.arange(20.0)])
    fitted = fit(Recipe(scaling=scaling), X)
    assert np.ptp(fitted.transform(X)[:, 0]) == 0
    assert np.abs(fitted.transform(X)[:, 0]).max() < 1e-12
    np.testing.assert_allclose(fitted.inverse(fitted.transform(X)), X)


def test_contrast_normalisation_gives_each_row_mean_zero_and_deviation_one() -> None:
    X = np.random.default_rng(0).normal(100, 30, size=(50, 64))
    rows = fit(Recipe(contrast=True, contrast_floor=1e-12), X).transform(X)
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=1), 1, rtol=1e-6)


def test_a_flat_patch_stays_flat_under_contrast_normalisation_and_whitening() -> None:
    X = np.random.default_rng(0).integers(0, 256, (200, 16)).astype(np.uint8)
    X[0] = 77
    fitted = fit(Recipe(contrast=True, whitening="zca", whitening_floor=0.1), X)
    rows = fitted.transform(X)
    assert np.isfinite(rows).all()
    assert np.abs(rows[0]).max() < 0.5


def test_whitened_patches_map_back_to_pixels_that_correlate_with_the_patch() -> None:
    X = np.random.default_rng(0).integers(0, 256, (300, 16)).astype(np.uint8)
    fitted = fit(Recipe(contrast=True, whitening="zca", whitening_floor=0.1), X)
    back = fitted.inverse(fitted.transform(X))
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in zip(X.astype(float), back, strict=True)]
    assert min(correlations) > 0.9999
    assert abs(back.mean() - X.mean()) < 1


@given(
    hnp.arrays(st.sampled_from([np.uint8, np.float32, np.float64]), (5, 3), elements={"min_value": 0, "max_value": 99})
)
def test_the_dtype_is_float64_for_float64_and_float32_for_the_rest(X: np.ndarray) -> None:
    fitted = fit(Recipe(), X)
    assert fitted.changes_nothing
    assert fitted.transform(X).dtype == (np.float64 if X.dtype == np.float64 else np.float32)
    np.testing.assert_array_equal(fitted.transform(X), X)


def test_rows_are_transformed_as_they_are_read() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    fitted = fit(Recipe(scaling="standard", whitening="pca"), X)
    rows = fitted.rows(ArrayRows(X))
    assert rows.shape == (20, 3)
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(rows.read(3, 9), fitted.transform(X[3:9]))


def test_a_missing_value_that_the_recipe_does_not_expect_is_refused_by_column_and_row() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    fitted = fit(Recipe(), X)
    X[4, 2] = np.nan
    with pytest.raises(DataError, match='"x2" has no value in row 5'):
        fitted.transform(X)


def test_missing_values_may_be_kept() -> None:
    X = np.array([[1.0, np.nan], [2.0, 3.0], [4.0, 5.0]])
    rows = fit(Recipe(missing="keep", scaling="minmax"), X).transform(X)
    np.testing.assert_allclose(rows, [[0, np.nan], [1 / 3, 0], [1, 1]])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"missing": "guess"}, "must be one of"),
        ({"scaling": "max"}, "must be one of"),
        ({"missing": "keep", "whitening": "pca"}, "need every value"),
        ({"whitening_floor": 0.0}, "above 0"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        replace(Recipe(), **changes)


@pytest.mark.parametrize("parts", [(0.5, 0.2, 0.2), (1.2, -0.2, 0.0), (0.0, 0.5, 0.5)])
def test_a_split_that_cannot_be_is_refused(parts: tuple[float, float, float]) -> None:
    with pytest.raises(DataError, match="cannot be made"):
        Split(*parts)


def test_a_column_without_numbers_cannot_be_filled() -> None:
    X = np.array([[1.0, np.nan], [2.0, np.nan]])
    with pytest.raises(DataError, match='"x1" has no number'):
        fit(Recipe(missing="mean"), X)


def test_whitening_too_many_columns_is_refused_before_any_work() -> None:
    with pytest.raises(DataError, match="4,096"):
        fit(Recipe(whitening="zca"), np.zeros((2, 5000), np.float32))


fractions = st.tuples(st.integers(1, 10), st.integers(0, 10), st.integers(0, 10)).map(
    lambda w: tuple(x / sum(w) for x in w)
)


@given(st.integers(2, 500), fractions, st.integers(0, 2**32))
def test_a_split_has_the_asked_sizes_and_repeats_with_its_seed(n: int, parts: tuple[float, ...], seed: int) -> None:
    split, _ = split_rows(n, parts, seed)
    sizes = np.bincount(split, minlength=3)
    assert sizes.sum() == n
    assert np.all(np.abs(sizes - n * np.array(parts)) <= 1.5)
    assert sizes[0] >= 1
    np.testing.assert_array_equal(split, split_rows(n, parts, seed)[0])


@given(st.lists(st.integers(6, 60), min_size=2, max_size=8), fractions, st.integers(0, 2**32))
def test_every_class_is_split_in_the_same_fractions(sizes: list[int], parts: tuple[float, ...], seed: int) -> None:
    assume(parts[0] > 0.3)
    codes = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    split, warning = split_rows(len(codes), parts, seed, codes)
    assert warning == ""
    for code, size in enumerate(sizes):
        counts = np.bincount(split[codes == code], minlength=3)
        assert np.all(np.abs(counts - size * np.array(parts)) <= 2.0)


def test_another_seed_deals_other_rows() -> None:
    parts = (0.5, 0.25, 0.25)
    assert np.any(split_rows(100, parts, 1)[0] != split_rows(100, parts, 2)[0])


def test_every_class_keeps_a_training_row_and_the_split_says_so() -> None:
    codes = np.arange(50)
    split, warning = split_rows(50, (0.2, 0.4, 0.4), 0, codes)
    assert set(codes[split == 0]) == set(range(50))
    assert "too small for the split" in warning


def test_classes_and_parts_with_few_rows_are_told(tmp_path: Path) -> None:
    labels = ["rare"] * 4 + ["common"] * 96
    (tmp_path / "t.csv").write_text("x,kind\n" + "".join(f"{k},{label}\n" for k, label in enumerate(labels)))
    plan = guess(tmp_path / "t.csv")
    with read(plan) as imported:
        assert [w for w in imported.warnings if '"rare" the first (4)' in w]
    with read(replace(plan, recipe=Recipe(split=Split(0.75, 0.0, 0.25)))) as imported:
        assert [w for w in imported.warnings if "test part has 25 rows" in w and "20%" in w]
    (tmp_path / "t.csv").write_text("x,kind\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(400)))
    with read(replace(plan, recipe=Recipe(split=Split(0.5, 0.25, 0.25)))) as imported:
        assert imported.warnings == ()
