"""Quantizers whose codes are found by neural networks."""
