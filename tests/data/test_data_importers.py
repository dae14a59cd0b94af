"""The contract that every importer keeps by being in the catalog."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from examples import EXAMPLES, Example
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.rows import is_row_source
from workbench.data import DataError, Importer, Plan, correct, guess, importers, preview, read
from workbench.errors import Cancelled

every_importer = pytest.mark.parametrize("importer", importers(), ids=lambda importer: importer.name)


@pytest.fixture
def example(importer: Importer, tmp_path: Path) -> Example:
    return EXAMPLES[importer.name](tmp_path)


@every_importer
def test_a_file_is_recognised_by_its_own_importer(importer: Importer, example: Example) -> None:
    assert guess(example.path).importer == importer.name


@every_importer
def test_every_option_is_declared_with_a_default_that_is_allowed(importer: Importer) -> None:
    for parameter in importer.parameters:
        assert parameter.doc
        parameter.check(parameter.default, importer.title)


@every_importer
def test_an_unknown_option_is_refused_by_name(importer: Importer, example: Example) -> None:
    with pytest.raises(DataError, match="no option"):
        guess(example.path, importer.name, {"wings": 2})


@every_importer
def test_a_guessed_plan_has_nothing_left_to_find_out(importer: Importer, example: Example) -> None:
    assert "auto" not in guess(example.path).options.values()


@every_importer
def test_a_plan_survives_json(importer: Importer, example: Example) -> None:
    plan = guess(example.path)
    assert Plan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@every_importer
def test_a_plan_that_is_corrected_by_nothing_stays_the_same(importer: Importer, example: Example) -> None:
    plan = guess(example.path)
    assert correct(plan) == plan


@every_importer
def test_the_preview_shows_the_columns_of_the_plan_and_counts_the_rows(importer: Importer, example: Example) -> None:
    plan = guess(example.path)
    shown = preview(plan)
    assert [summary.column for summary in shown.columns] == list(plan.columns)
    assert (shown.n_rows, shown.exact, shown.warnings) == (len(example.X), True, ())
    assert shown.columns[0].minimum == pytest.approx(example.X[:, 0].min())
    assert sum(shown.columns[0].counts) == len(example.X)


@every_importer
def test_reading_gives_the_rows_and_labels_of_the_file(importer: Importer, example: Example) -> None:
    with read(guess(example.path)) as imported:
        assert is_row_source(imported.X)
        np.testing.assert_array_equal(imported.X.read(0, len(example.X)), example.X)
        assert imported.y is not None
        assert imported.y.tolist() == example.labels
        assert list(imported.classes) == sorted(set(example.labels or []))
        assert len(imported.feature_names) == len(set(imported.feature_names)) == example.X.shape[1]
        assert imported.warnings == ()


@every_importer
def test_what_was_imported_can_be_imported_again_from_its_provenance(importer: Importer, example: Example) -> None:
    with read(guess(example.path)) as first:
        told = json.loads(json.dumps(first.provenance))
        with read(Plan.from_json(told["plan"])) as second:
            np.testing.assert_array_equal(np.asarray(first.X), np.asarray(second.X))
            np.testing.assert_array_equal(first.split, second.split)
            assert second.provenance == first.provenance


@every_importer
def test_an_ignored_column_is_left_out(importer: Importer, example: Example) -> None:
    plan = guess(example.path)
    with read(plan.with_roles({plan.columns[1].name: "ignore"})) as imported:
        np.testing.assert_array_equal(np.asarray(imported.X), np.delete(example.X, 1, axis=1))
        assert imported.image_shape is None


@every_importer
def test_progress_rises_to_one(importer: Importer, example: Example) -> None:
    told: list[float] = []
    read(guess(example.path), progress=told.append).close()
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert min(told) >= 0.0


@every_importer
def test_stopping_at_any_moment_ends_the_import_and_leaves_nothing(importer: Importer, example: Example) -> None:
    plan = guess(example.path)
    for last in count():
        left = last

        def stop() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        try:
            read(plan, stop=stop).close()
        except Cancelled:
            continue
        break
    assert last >= 3


@every_importer
def test_rows_are_the_same_whichever_thread_asks(importer: Importer, example: Example) -> None:
    with read(guess(example.path)) as imported, ThreadPoolExecutor(4) as pool:
        for k, block in enumerate(pool.map(lambda k: imported.X.read(k % 29, k % 29 + 2), range(200))):
            np.testing.assert_array_equal(block, example.X[k % 29 : k % 29 + 2])


@every_importer
def test_reading_past_the_end_gives_what_there_is(importer: Importer, example: Example) -> None:
    with read(guess(example.path)) as imported:
        np.testing.assert_array_equal(imported.X.read(28, 99), example.X[28:])
        assert imported.X.read(40, 50).shape == (0, example.X.shape[1])


@every_importer
def test_a_file_cut_anywhere_is_refused_in_one_sentence_or_read(importer: Importer, example: Example) -> None:
    path = min(example.path.rglob("*.png")) if example.path.is_dir() else example.path
    whole = path.read_bytes()
    for length in np.unique(np.linspace(0, len(whole) - 1, 25).astype(int)):
        path.write_bytes(whole[:length])
        _refused_or_read(example.path)


@every_importer
def test_a_damaged_file_is_refused_in_one_sentence_or_read(importer: Importer, tmp_path: Path) -> None:
    example = EXAMPLES[importer.name](tmp_path)
    path = min(example.path.rglob("*.png")) if example.path.is_dir() else example.path
    whole = path.read_bytes()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.integers(0, min(len(whole), 400) - 1), st.integers(0, 255)), min_size=1, max_size=4))
    def damage(changes: list[tuple[int, int]]) -> None:
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        path.write_bytes(data)
        _refused_or_read(example.path)

    damage()


def _refused_or_read(path: Path) -> None:
    try:
        plan = guess(path)
        preview(plan)
        read(plan).close()
    except DataError as error:
        sentence = str(error)
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert len(sentence) < 400
