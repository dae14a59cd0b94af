"""Bundles: flat dicts of arrays and JSON values, such as a training's state, kept under one key.

Each array is an array of the file, the rest is one JSON attribute, and both come back bit for bit.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import numpy as np

from workbench.project.transaction import Reader, Transaction

Bundle = dict[str, Any]
"""Arrays and JSON values by name."""


def write_bundle(transaction: Transaction, key: str, bundle: Mapping[str, Any]) -> None:
    """Keep a bundle under a free key, as write-once arrays."""
    for name, array in _put_bundle(transaction, key, bundle).items():
        transaction.write(name, array)


def rewrite_bundle(transaction: Transaction, key: str, bundle: Mapping[str, Any]) -> None:
    """Keep a bundle in place of an earlier one; arrays of the same shape and dtype keep their places."""
    written = _put_bundle(transaction, key, bundle)
    for name in transaction.keys(key):
        if f"{key}/{name}" not in written:
            transaction.delete(f"{key}/{name}")
    for name, array in written.items():
        transaction.rewrite(name, array)


def read_bundle(reader: Reader, key: str) -> Bundle | None:
    """Give a bundle as it was written, names in the same order; None if nothing is there.

    Raises
    ------
    ProjectDamaged
        If an array is not as it was written.
    """
    if not reader.exists(key):
        return None
    attributes = reader.get(key)
    values = attributes["values"]
    return {
        name: values[name] if name in values else reader.load(f"{key}/{_link_name(name)}")
        for name in attributes["names"]
    }


def _put_bundle(transaction: Transaction, key: str, bundle: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Keep names and JSON values of a bundle; give its arrays by key."""
    arrays = {name: np.asarray(v) for name, v in bundle.items() if isinstance(v, np.ndarray | np.generic)}
    values = {name: value for name, value in bundle.items() if name not in arrays}
    transaction.put(key, {"names": list(bundle), "values": values})
    return {f"{key}/{_link_name(name)}": array for name, array in arrays.items()}


def _link_name(name: str) -> str:
    """Give a name that HDF5 takes as one link: no slash, not empty, not dots alone."""
    safe = quote(name, safe=" []()+=,;:@&$!*'", errors="surrogatepass")
    return safe if safe.strip(".") else "%" + safe
