"""DeepVQ by products: groups, books, the bits of indices, and search after the pass forward; by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines import DeepVQ
from engines.deep.bit_settings import MOST_GROUP_BITS, ROWS_A_WORD, large_groups
from engines.deep.grouped_coder import books_of, in_tree_order, numbers_of_signs, signs_of_numbers


def rows(n=300, d=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d))


def learned(X, **parameters):
    told = {"n_bits": 7, "method": "product", "hidden": (16,), "max_iter": 8, "learning_rate": 0.01, "batch_size": 32}
    if parameters.get("method", "product") == "product":
        told["group_bits"] = (4, 3)
    return DeepVQ(random_state=0, device="cpu", **{**told, **parameters}).fit(X)


def test_the_code_is_the_bits_of_the_nearest_codewords_numbers():
    X = rows()
    model = learned(X)
    F, codes = model.transform(X), model.encode(X)
    books = books_of(model.books_, model.group_bits_.tolist())
    assert [book.shape for book in books] == [(16, 16), (8, 16)]
    column = 0
    for group, book in enumerate(books):
        part = F[:, group * 16 : (group + 1) * 16]
        nearest = np.argmin(((part[:, None] - book) ** 2).sum(axis=2), axis=1)
        for bit in range(len(book).bit_length() - 1):
            np.testing.assert_array_equal(codes[:, column], np.where(nearest >> bit & 1, 1, -1))
            column += 1
    assert column == codes.shape[1] == 7


@given(st.integers(0, 8), st.integers(1, 5), st.integers(0, 2**31))
def test_numbering_loses_no_codeword_and_does_not_depend_on_the_first_one(n_bits, width, seed):
    rng = np.random.default_rng(seed)
    book = rng.normal(size=(2**n_bits, width))
    found = in_tree_order(book)
    np.testing.assert_array_equal(np.sort(found, axis=0), np.sort(book, axis=0))
    np.testing.assert_array_equal(in_tree_order(book[rng.permutation(len(book))]), found)


def test_codewords_that_differ_in_low_bits_are_nearer_than_those_that_differ_in_high_ones():
    book = in_tree_order(np.random.default_rng(0).normal(size=(64, 3)))
    apart = [np.mean(np.sum((book - book[np.arange(64) ^ (1 << bit)]) ** 2, axis=1)) for bit in range(6)]
    assert apart[0] < 0.5 * apart[5]
    assert np.all(np.diff(apart) > 0)


def test_margins_are_zero_only_between_codewords():
    X = rows()
    model = learned(X)
    coder = model.coder(X.dtype)
    margins = coder.margins(model.transform(X))
    assert margins.shape == (300, 7)
    assert margins.min() > 0
    first, second = books_of(model.books_, [4, 3])
    apart = ((first[:, None] - first) ** 2).sum(axis=2) + np.diag(np.full(16, np.inf))
    one, other = np.unravel_index(apart.argmin(), apart.shape)  # no third codeword is as near to their middle
    halfway = np.concatenate([(first[one] + first[other]) / 2, second[2]])[None]
    np.testing.assert_allclose(coder.margins(halfway)[0, :4], 0, atol=1e-9)
    assert coder.margins(halfway)[0, 4:].min() > 0


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 2**31))
def test_bits_of_numbers_are_made_numbers_again(widths, seed):
    numbers = [np.random.default_rng(seed).integers(0, 2**width, 20) for width in widths]
    signs = signs_of_numbers(numbers, widths)
    assert signs.shape == (20, sum(widths))
    for before, after in zip(numbers, numbers_of_signs(signs, widths), strict=True):
        np.testing.assert_array_equal(before, after)


@given(st.integers(1, 4096), st.integers(1, 10**7))
@settings(max_examples=300)
def test_groups_make_up_the_code_are_large_and_have_rows_for_their_codewords(n_bits, n_rows):
    groups = large_groups(n_bits, n_rows)
    assert sum(groups) == n_bits
    assert min(groups) >= 1
    assert set(groups[:-1]) <= {groups[0]}
    assert groups[-1] <= groups[0] <= MOST_GROUP_BITS
    assert groups[0] == 1 or 2 ** groups[0] * ROWS_A_WORD <= n_rows
    if len(groups) > 1:  # none can be larger
        assert groups[0] == MOST_GROUP_BITS or 2 ** (groups[0] + 1) * ROWS_A_WORD > n_rows


def test_groups_that_do_not_make_up_the_code_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"group_bits \(4, 4\) make 8 bits, and n_bits is 7: make them agree"):
        learned(rows(), group_bits=(4, 4))


def test_a_book_may_have_more_codewords_than_there_are_rows():
    X = rows(10)
    model = learned(X, n_bits=5, group_bits=(5,))
    assert np.isfinite(model.quantization_error(X))


def test_use_of_the_books_is_counted_as_codes_are():
    X = rows()
    model = learned(X)
    numbers = numbers_of_signs(model.encode(X), [4, 3])
    counts = [np.bincount(found, minlength=size) for found, size in zip(numbers, (16, 8), strict=True)]
    shares = [count[count > 0] / 300 for count in counts]
    perplexity = np.mean([np.exp(-np.sum(share * np.log(share))) for share in shares])
    assert model.history_["book_perplexity"][-1] == pytest.approx(perplexity)
    assert model.history_["n_dead_words"][-1] == sum(int((count == 0).sum()) for count in counts)


@pytest.mark.parametrize("method", ["sign", "product"])
def test_refining_flips_bits_until_no_flip_is_nearer_and_never_loses(method):
    X = rows()
    model = learned(X, method=method)

    def error(codes):
        return ((model.decode(codes) - X) ** 2).sum(axis=1)

    plain, once, best = (error(model.encode(X, refine=k)) for k in (0, 1, 50))
    assert np.all(once <= plain)
    assert once.sum() < plain.sum()
    codes = model.encode(X, refine=50)
    for bit in range(7):
        flipped = codes.copy()
        flipped[:, bit] *= -1
        assert np.all(error(flipped) >= best * (1 - 1e-12))
    np.testing.assert_array_equal(
        model.decode(model.encode(X, refine=1, packed=True)), model.decode(model.encode(X, refine=1))
    )


@pytest.mark.slow
def test_a_product_learns_more_from_more_bits():
    X = rows(800)
    errors = [
        learned(X, n_bits=sum(groups), group_bits=groups, max_iter=30).quantization_error(X)
        for groups in ((2,), (2, 2), (4, 4))
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.6 * errors[0]


def test_a_training_with_other_groups_is_not_resumed():
    X = rows()
    training = DeepVQ(n_bits=7, group_bits=(4, 3), hidden=(8,), max_iter=3, random_state=0).train(X)
    next(training)
    with pytest.raises(ValueError, match="state to resume"):
        next(DeepVQ(n_bits=7, group_bits=(3, 4), hidden=(8,), max_iter=3).train(X, resume=training.state()))
