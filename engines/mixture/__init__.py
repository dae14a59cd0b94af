"""Mixtures of densities, learned by expectation and maximisation."""
