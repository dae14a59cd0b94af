"""Covariance descriptors of signals against their definition and scikit-learn's estimators."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import OAS, LedoitWolf

from engines.spd.covariances import ESTIMATORS, covariances
from engines.spd.matrices import logarithm
from tests.signals import two_kinds


def test_the_empirical_covariance_is_the_mean_of_products_about_the_mean():
    signals, _ = two_kinds(n=5, channels=3, times=20)
    centred = signals - signals.mean(axis=2, keepdims=True)
    np.testing.assert_allclose(covariances(signals, "empirical"), centred @ centred.swapaxes(1, 2) / 20, rtol=1e-10)


@pytest.mark.parametrize(("name", "peer"), [("oas", OAS), ("ledoit-wolf", LedoitWolf)])
def test_shrunk_covariances_are_those_of_scikit_learn(name, peer):
    signals, _ = two_kinds(n=5, channels=3, times=20)
    expected = [peer().fit(signal.T).covariance_ for signal in signals]
    np.testing.assert_allclose(covariances(signals, name), expected, rtol=1e-10)


@pytest.mark.parametrize("name", ["oas", "ledoit-wolf"])
def test_shrunk_covariances_have_logarithms_even_of_fewer_times_than_channels(name):
    signals, _ = two_kinds(n=5, channels=8, times=5)
    assert np.all(np.isfinite(logarithm(covariances(signals, name))))
    with pytest.raises(ValueError, match="singular"):
        logarithm(covariances(signals, "empirical"))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_channel_has_its_variance(name):
    signals, _ = two_kinds(n=5, channels=1)
    np.testing.assert_allclose(covariances(signals, name)[:, 0, 0], signals[:, 0].var(axis=1))


def test_unfit_signals_are_refused():
    signals, _ = two_kinds(n=5)
    for wrong in (signals[0], signals[:, :, :1], signals[:, :0]):
        with pytest.raises(ValueError, match=r"shape \(n, channels, times\)"):
            covariances(wrong)
    with pytest.raises(ValueError, match="no estimator 'mean'"):
        covariances(signals, "mean")
    signals[3, 1, 7] = np.nan
    with pytest.raises(ValueError, match="Signal 3 has a value that is missing"):
        covariances(signals)
