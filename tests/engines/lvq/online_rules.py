"""Kohonen's rules as they are written down, in plain Python: what the kernels are held against."""

from __future__ import annotations

import numpy as np


def distances(x, W):
    """Squared, over the features that x has, times d over their number."""
    seen = ~np.isnan(x)
    return ((x[seen] - W[:, seen]) ** 2).sum(axis=1) * (len(x) / seen.sum())


def move(W, j, x, rate):
    seen = ~np.isnan(x)
    W[j, seen] += rate * (x[seen] - W[j, seen])


def winner(X, y, W, c, rates):
    """LVQ1."""
    for x, label, rate in zip(X, y, rates, strict=True):
        s = int(np.argmin(distances(x, W)))
        move(W, s, x, rate if c[s] == label else -rate)


def rivals(X, y, W, c, rates):
    """Nearest right one attracted, nearest wrong one repelled."""
    for x, label, rate in zip(X, y, rates, strict=True):
        D = distances(x, W)
        plus = int(np.argmin(np.where(c == label, D, np.inf)))
        minus = int(np.argmin(np.where(c != label, D, np.inf)))
        move(W, plus, x, rate)
        move(W, minus, x, -rate)


def pair(X, y, W, c, rates, window=0.25, epsilon=0.0):
    """LVQ2.1, and with an epsilon LVQ3; gives the number of rows that moved anything."""
    n_moving = 0
    for x, label, rate in zip(X, y, rates, strict=True):
        D = np.sqrt(distances(x, W))
        i, j = (int(k) for k in np.argsort(D, kind="stable")[:2])
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = min(D[i] / D[j], D[j] / D[i]) > (1 - window) / (1 + window)
        if c[i] == label and c[j] == label and epsilon:
            move(W, i, x, epsilon * rate)
            move(W, j, x, epsilon * rate)
        elif (c[i] == label) != (c[j] == label) and inside:
            right, wrong = (i, j) if c[i] == label else (j, i)
            move(W, right, x, rate)
            move(W, wrong, x, -rate)
        else:
            continue
        n_moving += 1
    return n_moving


def own_rate(X, y, W, c, own, most):
    """OLVQ1; the rates `own` (M,) are changed in place."""
    for x, label in zip(X, y, strict=True):
        k = int(np.argmin(distances(x, W)))
        s = 1 if c[k] == label else -1
        own[k] = min(most, own[k] / (1 + s * own[k])) if 1 + s * own[k] > 0 else most
        move(W, k, x, s * own[k])
