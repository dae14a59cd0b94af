"""Fields of forms: what an answer means, what is told when it means nothing, and what is asked of the engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines import catalog, engine_info
from workbench.data import Offer
from workbench.views.fields import Fields, text_of


@pytest.fixture
def fields() -> Fields:
    return Fields(engine_info("KMeans").parameters, "KMeans")


@pytest.mark.parametrize("info", catalog(), ids=lambda info: info.name)
def test_what_is_shown_of_a_default_means_the_default(info: Any) -> None:
    fields = Fields(info.parameters, info.name)
    for field in fields.values():
        field.put(field.shown)
    assert fields.problems() == []
    assert fields.asked() == {}
    assert [*fields.basic, *fields.advanced] == sorted(fields.values(), key=lambda field: field.parameter.advanced)


@pytest.mark.parametrize(
    ("name", "answer", "value"),
    [("n_clusters", "12", 12), ("n_clusters", 12, 12), ("tol", "1e-3", 1e-3), ("n_init", "3", 3), ("n_jobs", "", None)],
)
def test_answers_mean_values_of_the_declared_types(name: str, answer: Any, value: Any, fields: Fields) -> None:
    fields[name].put(answer)
    assert fields[name].value() == value
    assert type(fields[name].value()) is type(value)


def test_a_forbidden_answer_is_told_in_the_declarations_sentence(fields: Fields) -> None:
    fields["n_clusters"].put("none of them")
    assert fields.problems() == ["KMeans: n_clusters must be an integer of at least 1, got 'none of them'."]
    fields["n_clusters"].put("3")
    assert fields.problems() == []
    assert fields.changes() == {"n_clusters": 3}


def test_a_value_that_no_text_can_mean_stays_while_its_text_does() -> None:
    start = np.zeros((3, 2))
    fields = Fields(engine_info("KMeans").parameters, "KMeans", {"init": start})
    fields["init"].put(text_of(start))
    assert fields["init"].value() is start
    fields["init"].put("random")
    assert fields.asked() == {"init": "random"}


def test_put_back_to_the_default_the_default_is_asked_for() -> None:
    fields = Fields(engine_info("KMeans").parameters, "KMeans", {"n_clusters": 3})
    fields["n_clusters"].put("8")
    assert fields.asked() == {"n_clusters": 8}


def test_offered_words_stand_for_their_values_and_are_offered_once(fields: Fields) -> None:
    field = fields["init"]
    field.offer([Offer("mine", "(8, 2) float64"), Offer("random")])
    assert [text for _, text in field.choices][-1] == "mine · (8, 2) float64"
    assert [value for value, _ in field.choices].count("random") == 1
    field.put("mine · (8, 2) float64")
    assert field.value() == "mine"
