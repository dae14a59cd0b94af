"""Declarations of parameters: what is accepted, what a person's text means, what is said of unfit values."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.parameters import Param, RandomState, check_all, declared


class Sample:
    def __init__(
        self,
        count: Annotated[int, Param("how many", low=1, high=9)] = 3,
        rate: Annotated[float | None, Param("how fast", low=0, open_low=True, unit="1/s")] = None,
        start: Annotated[Literal["random", "auto"] | NDArray[np.float64], Param("where from")] = "auto",
        sizes: Annotated[int | tuple[int, ...], Param("how large", low=2, advanced=True)] = 2,
        loud: Annotated[bool, Param("whether to shout")] = False,
        weights: Annotated[dict[str, float] | None, Param("by name")] = None,
        name: Annotated[str, Param("what it is called")] = "x",
        random_state: Annotated[RandomState, Param("seed", low=0)] = None,
    ):
        self.count, self.rate, self.start, self.sizes = count, rate, start, sizes
        self.loud, self.weights, self.name, self.random_state = loud, weights, name, random_state


PARAMETERS = {parameter.name: parameter for parameter in declared(Sample)}


def test_a_signature_tells_everything_once():
    assert list(PARAMETERS) == ["count", "rate", "start", "sizes", "loud", "weights", "name", "random_state"]
    count, rate = PARAMETERS["count"], PARAMETERS["rate"]
    assert (count.kinds, count.default, count.doc, count.low, count.high) == ({"integer"}, 3, "how many", 1, 9)
    assert (rate.kinds, rate.unit, rate.default) == ({"real", "none"}, "1/s", None)
    assert PARAMETERS["start"].choices == ("random", "auto")
    assert PARAMETERS["sizes"].advanced


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 1),
        ("count", np.int64(9)),
        ("rate", 0.1),
        ("rate", 2),
        ("rate", np.float32(3)),
        ("rate", None),
        ("start", "random"),
        ("start", np.zeros((2, 2))),
        ("start", [[1.0, 2.0]]),
        ("sizes", 2),
        ("sizes", (2, 3)),
        ("sizes", [4]),
        ("loud", np.bool_(True)),
        ("weights", {"a": 1.0}),
        ("name", "anything"),
        ("random_state", np.random.RandomState(0)),
        ("random_state", 0),
    ],
)
def test_what_the_hint_allows_is_accepted(name, value):
    PARAMETERS[name].check(value, "Sample")
    check_all(Sample(**{name: value}))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("count", 0, "Sample: count must be an integer of at least 1 and of at most 9, got 0."),
        ("count", 10, "got 10."),
        ("count", 2.5, "got 2.5."),
        ("count", True, "got True."),
        ("count", None, "got None."),
        ("rate", 0, "Sample: rate must be a number above 0 or None, got 0."),
        ("rate", float("nan"), "got nan."),
        ("start", "else", "Sample: start must be 'random', 'auto' or an array, got 'else'."),
        ("sizes", (2, 1), "Sample: sizes must be an integer of at least 2 or a list of integers of at least 2, got"),
        ("sizes", (2, 2.5), "got (2, 2.5)."),
        ("loud", 1, "Sample: loud must be True or False, got 1."),
        ("random_state", -1, "got -1."),
        ("name", 5, "Sample: name must be a text, got 5."),
        ("count", np.zeros((3, 4)), "got an array of shape (3, 4)."),
        ("count", "x" * 100, "..."),
    ],
)
def test_what_it_does_not_allow_is_refused_in_one_sentence(name, value, sentence):
    with pytest.raises(ValueError, match=r"^Sample: ") as caught:
        check_all(Sample(**{name: value}))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", " 4 ", 4),
        ("count", "4.0", 4),
        ("rate", "1e-3", 0.001),
        ("rate", "None", None),
        ("rate", "", None),
        ("start", "auto", "auto"),
        ("start", "[[1, 2]]", [[1, 2]]),
        ("sizes", "[3, 4]", (3, 4)),
        ("loud", "True", True),
        ("loud", "false", False),
        ("weights", '{"a": 2.5}', {"a": 2.5}),
        ("name", "my run", "my run"),
    ],
)
def test_text_means_the_value(name, text, value):
    found = PARAMETERS[name].parse(text, "Sample")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("name", "text"), [("count", "four"), ("count", "4.5"), ("loud", "yes"), ("rate", "fast")])
def test_text_that_means_nothing_is_refused(name, text):
    with pytest.raises(ValueError, match=f"Sample: {name} must be"):
        PARAMETERS[name].parse(text, "Sample")


@given(st.integers(1, 9))
def test_a_printed_number_reads_back(value):
    assert PARAMETERS["count"].parse(str(value), "Sample") == value


@given(st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False))
def test_a_printed_real_reads_back(value):
    assert PARAMETERS["rate"].parse(repr(value), "Sample") == value


def test_a_parameter_without_a_declaration_is_a_programming_error():
    class Bare:
        def __init__(self, size: int = 1):
            self.size = size

    with pytest.raises(TypeError, match=r"Bare\.size is not declared"):
        declared(Bare)
