"""The search over the units of a map: any text is answered, and what is understood is found as by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workbench.views.unit_search import find_units

NAMES = ("petal length", "petal width", "salt and pepper", "low, or high", "rock 'n' roll", "7", "between", "Größe")
UNITS = ("cm", "mm", "", "", "", "", "", "°C")
PLANES = np.array([np.random.default_rng(k).permutation(41)[:11] - 20 for k in range(len(NAMES))]) / 10
SIGNS = (*"\"'“”,;><=&", ">=", "<=", "1", "-2.5", "1e999", "cm", "is", "above", "pet")
WORDS = (*NAMES, "high", "low", "between", "and", "or", *SIGNS)


@settings(deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)))
def test_any_text_is_answered_with_units_or_with_one_sentence(text: str) -> None:
    found = find_units(text, PLANES, NAMES, UNITS)
    assert found.fits is None or (found.fits.shape == (11,) and found.fits.dtype == bool)
    assert found.fits is None or not found.trouble
    assert "\n" not in found.trouble
    assert found.trouble == "" or found.trouble.endswith(".")
    assert len(found.trouble) < 300


def by_rank(values: NDArray[np.float64], end: str) -> NDArray[np.bool_]:
    """The units whose rank lies in the upper or lower third of all ranks; all values are different."""
    rank = np.array([sum(other < value for other in values) for value in values])
    return 3 * rank >= 2 * (len(values) - 1) if end == "high" else 3 * rank <= len(values) - 1


@st.composite
def terms(draw: st.DrawFn) -> tuple[str, NDArray[np.bool_]]:
    """A term in words, and the units that fit it."""
    which = draw(st.integers(0, len(NAMES) - 1))
    name, values = NAMES[which], PLANES[which]
    plain = which not in (2, 3, 6)
    name = draw(st.sampled_from([name, name.upper(), name.replace(" ", "   ")])) if plain else name
    written = draw(st.sampled_from([name] if plain else [])) if plain and draw(st.booleans()) else f'"{name}"'
    unit = draw(st.sampled_from(["", f" {UNITS[which]}", UNITS[which]]))
    low, high = sorted(draw(st.lists(st.integers(-20, 20), min_size=2, max_size=2)))
    one, other = f"{low / 10}{unit}", f"{high / 10}{unit}"
    return draw(
        st.sampled_from(
            [
                (f"{written} high", by_rank(values, "high")),
                (f"{written} is LOW", by_rank(values, "low")),
                (f"{written} > {one}", values > low / 10),
                (f"{written}<={one}", values <= low / 10),
                (f"{written} ≥ {one}", values >= low / 10),
                (f"{written} below {one}", values < low / 10),
                (f"{written} between {one} and {other}", (values >= low / 10) & (values <= high / 10)),
                (f"{written} between {other} {one}", (values >= low / 10) & (values <= high / 10)),
            ]
        )
    )


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.lists(terms(), min_size=1, max_size=3), min_size=1, max_size=3), st.sampled_from([", ", " and ", ";"])
)
def test_commas_mean_all_of_and_or_means_any_of(choices: list[list[tuple[str, NDArray[np.bool_]]]], comma: str) -> None:
    text = " or ".join(comma.join(words for words, _ in terms) for terms in choices)
    expected = np.any([np.all([fits for _, fits in terms], axis=0) for terms in choices], axis=0)
    found = find_units(text, PLANES, NAMES, UNITS)
    assert found.trouble == ""
    np.testing.assert_array_equal(found.fits, expected)


@pytest.mark.parametrize("text", ["", "  ", ",", "or", ", and ;"])
def test_nothing_asked_for_is_nothing_found_and_no_trouble(text: str) -> None:
    found = find_units(text, PLANES, NAMES, UNITS)
    assert (found.fits, found.trouble) == (None, "")


@pytest.mark.parametrize("text", ["rock high", "petal len high", "größ high", "petal length high or", "petal l high,"])
def test_a_beginning_that_only_one_name_has_is_enough_and_the_end_may_be_unwritten(text: str) -> None:
    assert find_units(text, PLANES, NAMES, UNITS).fits is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("petal lenght high", "near it: “petal length”"),
        ("petal high", "may be “petal length” or “petal width”"),
        ("xyzzy high", "as “petal length high”"),
        ("petal length", "Say what “petal length” should be"),
        ("high", "Name a feature before “high”"),
        ("petal length > 3 mm", "“> 3 mm” is not clear for “petal length”"),
        ("petal length high petal width low", "put a comma"),
        ("petal length between 3", "between 1 and 2"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_write_instead(text: str, words: str) -> None:
    found = find_units(text, PLANES, NAMES, UNITS)
    assert found.fits is None
    assert words in found.trouble


def test_a_feature_without_differences_is_neither_high_nor_low_and_missing_values_fit_nothing() -> None:
    planes = np.array([[2.0] * 4, [0.0, 0.0, 0.0, 1.0], [np.nan, 1.0, 2.0, 3.0], [np.nan] * 4])
    names = ("flat", "rare", "holes", "gone")

    def fits(text: str) -> list[bool]:
        found = find_units(text, planes, names)
        assert found.fits is not None
        return found.fits.tolist()

    assert fits("flat high or flat low") == [False] * 4
    assert fits("rare low") == [True, True, True, False]
    assert fits("rare high") == [False, False, False, True]
    assert fits("holes low") == [False, True, False, False]
    assert fits("gone high or gone low or gone > 0 or gone < 0") == [False] * 4


def test_a_whole_name_wins_over_longer_ones_that_begin_with_it() -> None:
    planes = np.array([[0.0, 1.0], [1.0, 0.0]])
    found = find_units("pixel 2 high", planes, ["pixel 20", "pixel 2"])
    assert found.fits is not None
    assert found.fits.tolist() == [True, False]


def test_thousands_of_names_and_a_long_text_are_no_burden() -> None:
    names = [f"feature {k}" for k in range(1000)]
    found = find_units("featurex 1 high, " * 1000, np.zeros((1000, 3)), names)
    assert "There is no feature" in found.trouble
