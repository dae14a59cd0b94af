"""The competition that median LVQ keeps, and what it says that a move would bring, against doing it anew."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.lvq.dissimilarity import Dissimilarity, pairs_of
from engines.lvq.kernels import TRANSFER
from engines.lvq.median_board import Board, Field, agreements
from engines.training import StopToken


def board(seed, dtype=np.float64, phi=(TRANSFER["identity"], 8.0), *, ties=False):
    """Random prototypes of three classes on random rows of a random matrix of dissimilarities."""
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(3), [7, 12, 9])
    labels = np.repeat(np.arange(3), rng.integers(1, 4, size=3))
    D = rng.integers(1, 4, size=(28, 28)).astype(dtype) if ties else rng.exponential(size=(28, 28)).astype(dtype)
    order = np.arange(28)
    pairs = pairs_of(D, order, Dissimilarity("precomputed"), order)
    field = Field(pairs, codes, rng.exponential(size=28), labels, phi, 1)
    places = np.concatenate(
        [rng.choice(np.flatnonzero(codes == c), np.count_nonzero(labels == c), replace=False) for c in range(3)]
    )
    return Board(field, places, StopToken()), D, rng


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), dtype=st.sampled_from([np.float32, np.float64]), ties=st.booleans())
def test_the_competition_after_moves_is_that_of_a_board_set_up_anew(seed, dtype, ties):
    played, _, rng = board(seed, dtype, ties=ties)
    for _ in range(8):
        j = int(rng.integers(len(played.places)))
        played.move(j, int(rng.choice(np.flatnonzero(played.field.codes == played.field.labels[j]))))
        anew = Board(played.field, played.places, StopToken())
        assert played.near.tobytes() == anew.near.tobytes()
        assert played.who.tobytes() == anew.who.tobytes()


@pytest.mark.parametrize("transfer", sorted(TRANSFER))
@pytest.mark.parametrize("seed", range(5))
def test_what_a_move_would_bring_is_what_it_brings(seed, transfer):
    played, _, rng = board(seed, phi=(TRANSFER[transfer], 3.0))
    gamma = rng.exponential(size=28)
    for j, label in enumerate(played.field.labels):
        low, high = played.field.rows_of(label)
        told = played.likelihoods(j, gamma, StopToken())
        for k in range(low, high):
            there = played.copy()
            there.move(j, k)
            assert told[k - low] == pytest.approx(gamma @ np.log(agreements(there.near, played.field.phi)), rel=1e-12)


def test_a_board_keeps_the_two_nearest_of_each_side():
    played, D, _ = board(3)
    to_prototypes, labels = D[:, played.places], played.field.labels
    for i, code in enumerate(played.field.codes):
        for side, mine in ((0, labels == code), (2, labels != code)):
            nearest = np.sort(to_prototypes[i, mine])[:2]
            assert np.array_equal(played.near[side : side + 2, i][: len(nearest)], nearest)


def test_a_copy_is_played_on_while_the_board_stays():
    played, _, _ = board(1)
    before = played.near.copy(), played.places.copy(), played.cost
    there = played.copy()
    for j in range(len(played.places)):
        there.improve(j, StopToken())
    assert there.cost < before[2] == played.cost
    assert np.array_equal(played.near, before[0])
    assert np.array_equal(played.places, before[1])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ten_thousand_rows_are_learned_in_less_than_a_gigabyte_and_a_half(dtype):
    code = f"""
import resource
import numpy as np
from engines import MedianLVQ
rng = np.random.default_rng(0)
y = np.arange(10_000) % 5
X = (rng.normal(size=(10_000, 64)) + y[:, None]).astype("{dtype}")
MedianLVQ(2, n_init=1, max_iter=3, random_state=0).fit(X, y)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < 1.5e9
