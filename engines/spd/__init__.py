"""Symmetric positive-definite matrices: their logarithms as vectors, and covariances of signals."""
