"""The order of the leaves of a tree in which neighbours are nearest to each other; it knows nothing of what they are.

scipy has a function for this, which often misses the best order (https://github.com/scipy/scipy/issues/11227).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def best_leaf_order(tree: Floats, distances: Floats) -> Places:
    """Leaves (n,) in an order without crossing branches whose neighbours' distances have the least sum.

    The cost of a branch is known for each pair of leaves at its ends (Bar-Joseph, Gifford & Jaakkola, "Fast optimal
    leaf ordering for hierarchical clustering", 2001), which takes O(n³) sums for each level of the tree.

    Parameters
    ----------
    tree : (n − 1, 4) float64
        As scipy's `linkage` gives it.
    distances : (n, n) float64
        Symmetric.

    Examples
    --------
    >>> from scipy.cluster.hierarchy import linkage
    >>> x = np.array([[0.0], [9.0], [1.0], [5.0]])
    >>> best_leaf_order(linkage(x, "average"), np.abs(x - x.T)).tolist()
    [0, 2, 3, 1]
    """
    n = len(tree) + 1
    leaves: list[Places] = [np.array([k]) for k in range(n)]
    costs: list[Floats] = [np.zeros((1, 1))] * n  # [u, w] of a branch that begins with leaf u and ends with leaf w
    joints: list[tuple[int, int, Places, Places]] = []
    for left, right in tree[:, :2].astype(np.int64).tolist():
        a = len(leaves[left])
        to_next = costs[left][:, :, None] + distances[np.ix_(leaves[left], leaves[right])]  # from u over m to k
        through = to_next.min(axis=1)[:, :, None] + costs[right]  # from u over k to w
        joints.append((left, right, to_next.argmin(axis=1), through.argmin(axis=1)))
        leaves.append(np.concatenate([leaves[left], leaves[right]]))
        cost = np.full((len(leaves[-1]),) * 2, np.inf)
        cost[:a, a:] = through.min(axis=1)
        cost[a:, :a] = cost[:a, a:].T
        costs.append(cost)

    def along(node: int, first: int, last: int) -> list[int]:
        """Leaves of a branch from its leaf at place `first` to that at `last`."""
        if node < n:
            return [node]
        left, right, ends, begins = joints[node - n]
        a = len(leaves[left])
        if first >= a:
            return along(node, last, first)[::-1]
        begin = int(begins[first, last - a])
        return along(left, first, int(ends[first, begin])) + along(right, begin, last - a)

    first, last = np.divmod(int(costs[-1].argmin()), len(costs[-1]))
    return np.array(along(len(leaves) - 1, int(first), int(last)), np.int64)
