"""What a search varies: read as people write it, checked, kept as JSON, and made into trials."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_help import write_blobs
from sklearn.model_selection import ParameterGrid, ParameterSampler

from engines import engine_info
from workbench.data import guess
from workbench.session import Range, Session, SessionError, parse_space
from workbench.session.space import check_space, in_words, space_from_json, space_to_json, trials_of


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A project with three clouds of 30 rows, and one of two rare rows; nothing is trained in it."""
    folder = tmp_path_factory.mktemp("space")
    path = write_blobs(folder / "blobs.csv", rows=30)
    with path.open("a") as file:
        file.write("0,0,0,0,rare\n1,1,1,1,rare\n")
    with Session.create(folder / "p.vqw") as session:
        yield session, session.import_data(guess(path)).result(60)


@pytest.mark.parametrize(
    ("engine", "name", "text", "read"),
    [
        ("GMLVQ", "prototypes_per_class", "1, 2,3", [1, 2, 3]),
        ("GMLVQ", "prototypes_per_class", "1, (1,2,3)", [1, (1, 2, 3)]),
        ("SOM", "shape", "[4,4], 8x8", [(4, 4), (8, 8)]),
        ("KMeans", "tol", "1e-4:1e-1:log", Range(1e-4, 1e-1, log=True)),
        ("KMeans", "tol", " 0 : 0.5 ", Range(0, 0.5)),
        ("KMeans", "n_clusters", "2:9", Range(2, 9, integer=True)),
        ("KMeans", "n_clusters", "2:512:log", Range(2, 512, log=True, integer=True)),
        ("KMeans", "algorithm", "lloyd, bounds", ["lloyd", "bounds"]),
        ("KMeans", "n_clusters", "", []),
    ],
)
def test_values_and_ranges_are_read_as_people_write_them(engine, name, text, read):
    assert parse_space(engine, {name: text}) == {name: read}


numbers = st.floats(1e-6, 1e6)


@given(st.lists(numbers, min_size=1, max_size=6), numbers, numbers, st.booleans())
def test_what_is_written_is_read_back(values, one, other, log):
    assert parse_space("KMeans", {"tol": in_words(values)}) == {"tol": values}
    span = Range(min(one, other), max(one, other), log=log)
    assert parse_space("KMeans", {"tol": in_words(span)}) == {"tol": span}
    space = {"tol": span, "n_clusters": [1, 2]}
    assert space_from_json(json.loads(json.dumps(space_to_json(space)))) == space


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused_in_one_sentence(text):
    for name in ("tol", "n_clusters", "algorithm", "init"):
        told = ""
        try:
            parse_space("KMeans", {name: text})
        except SessionError as error:
            told = str(error)
        assert not told or (told.endswith(".") and name in told)


@given(st.integers(1, 50), st.integers(1, 200), st.booleans(), st.integers(0, 2**32 - 1))
def test_what_is_drawn_lies_in_the_range(low, width, log, seed):
    whole = Range(low, low + width, log=log, integer=True)
    drawn = [whole.rvs(np.random.RandomState(seed + k & 0xFFFFFFFF)) for k in range(5)]
    assert all(isinstance(value, int) and low <= value <= low + width for value in drawn)
    real = Range(float(low), float(low + width), log=log).rvs(np.random.RandomState(seed))
    assert low <= real <= low + width


def test_a_logarithmic_range_gives_every_order_of_magnitude_the_same_share():
    rng = np.random.RandomState(0)
    drawn = [Range(1, 999, log=True, integer=True).rvs(rng) for _ in range(1000)]
    shares = np.histogram(drawn, [1, 10, 100, 1000])[0] / 1000
    assert shares == pytest.approx([1 / 3] * 3, abs=0.07)
    real = np.log10([Range(1e-4, 1e-1, log=True).rvs(rng) for _ in range(1000)])
    assert np.histogram(real, [-4, -3, -2, -1])[0] / 1000 == pytest.approx([1 / 3] * 3, abs=0.07)


def test_a_grid_is_every_combination_and_a_range_of_whole_numbers_stands_for_all_of_them():
    space = {"n_clusters": Range(2, 4, integer=True), "algorithm": ["lloyd", "bounds"]}
    expected = ParameterGrid({"n_clusters": [2, 3, 4], "algorithm": ["lloyd", "bounds"]})
    assert list(trials_of(space, "grid", None, 0)) == list(expected)


def test_random_trials_are_drawn_by_the_seed_as_scikit_learn_draws_them():
    space = {"tol": Range(1e-5, 1.0, log=True), "n_clusters": [2, 3]}
    drawn = trials_of(space, "random", 10, 3)
    assert list(drawn) == list(ParameterSampler(space, 10, random_state=3))
    assert drawn != trials_of(space, "random", 10, 4)


def test_values_given_twice_are_tried_once():
    checked = check_space(engine_info("SOM"), {"shape": [(2, 2), [2, 2]], "max_iter": [3, 3]})
    assert checked == {"shape": [[2, 2]], "max_iter": [3]}


@pytest.mark.parametrize(
    ("space", "how", "words"),
    [
        ({}, {}, "The search varies nothing"),
        ({"rate": [1]}, {}, "GLVQ has no parameter called 'rate'; its parameters are"),
        ({"max_iter": []}, {}, "no values to try for max_iter"),
        ({"max_iter": "12"}, {}, "no values to try for max_iter"),
        ({"max_iter": [3, 0]}, {}, "max_iter must be an integer of at least 1, got 0"),
        ({"max_iter": Range(0, 5, integer=True)}, {}, "max_iter must be an integer of at least 1, got 0"),
        ({"max_iter": Range(1.5, 5, integer=True)}, {}, "is of whole numbers, but 1.5 is none"),
        ({"tol": Range(0.5, 0.1)}, {}, "The range of tol from 0.5 to 0.1 is none"),
        ({"tol": Range(0.0, 0.1, log=True)}, {}, "must begin above 0, not at 0"),
        ({"tol": Range(0.0, 0.1)}, {}, "tol has a range, from which only a random search can draw"),
        ({"max_iter": Range(1, 10**6, integer=True)}, {}, "only a random search can draw"),
        ({"max_iter": list(range(1, 2002))}, {}, "The grid has 2,001 trials, but a search makes 1 to 2,000"),
        ({"max_iter": [1, 2]}, {"scheme": "random", "n_trials": 2001}, "Asked for are 2,001 trials"),
        ({"max_iter": [1, 2]}, {"scheme": "random", "n_trials": 0}, "Asked for are 0 trials"),
        ({"max_iter": [1, 2]}, {"n_trials": 2}, "A grid tries every combination"),
        ({"max_iter": [1, 2]}, {"scheme": "halving"}, "no scheme 'halving'; the schemes are grid and random"),
        ({"max_iter": [1, 2]}, {"folds": 1}, "1 folds cannot be made of the 92 training rows"),
        ({"max_iter": [1, 2]}, {"folds": 93}, "93 folds cannot be made"),
        ({"max_iter": [1, 2]}, {"folds": 31}, "31 folds are more than any class .* choose at most 30"),
        ({"max_iter": [1, 2]}, {"parameters": {"max_iter": 3}}, "max_iter is varied by the search and cannot"),
        ({"max_iter": [1, 2]}, {"parameters": {"max_itr": 3}}, "no parameter called 'max_itr'"),
        ({"prototypes_per_class": [1, 25]}, {}, "is asked for 100 prototypes, but 5 folds of dataset 'blobs' leave 73"),
    ],
)  # fmt: skip
def test_what_cannot_be_searched_is_refused_in_one_sentence_and_leaves_nothing(opened, space, how, words):
    session, data = opened
    before = len(session.log)
    with pytest.raises(SessionError, match=words):
        session.add_search(data, "GLVQ", space, **how)
    assert dict(session.searches) == {}
    assert len(session.log) == before


def test_rare_classes_are_told_of(opened):
    session, data = opened
    plan, estimate = session.plan_search(data, "GLVQ", {"max_iter": [1, 2]})
    assert plan.remarks == ("There are fewer rows than folds of rare: some folds hold none of them out.",)
    assert plan.remarks[0] in estimate.warnings
    assert session.plan_search(data, "KMeans", {"max_iter": [1, 2]})[0].remarks == ()
