"""What work on a project may do while it runs: look things up, and change things, all of them or none."""

import contextlib
import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import h5py
import numpy as np

from workbench.project import arrays
from workbench.project.arrays import ArrayInfo, HashedRows, Progress, Reserved, Rows, Stop
from workbench.project.errors import ProjectDamaged, ProjectError
from workbench.project.pages import PagedFile
from workbench.project.staging import Staged

INCOMING, DELETED = "incoming", "deleted"  # arrays still being written; places kept until the next opening
_INTERNAL = (INCOMING, DELETED)
_JSON, _JSON_HASH = "json", "json blake2b"
_LONG = 32 << 10
"""Bytes of JSON from which on it has a hash of its own: HDF5 keeps what is longer than 64 KiB without a checksum."""
_LARGE = 16 << 20

Json = Any
"""What the standard `json` module can write and read back."""


class Reader:
    """A view of the project while work runs; it ends with the work.

    Keys are paths such as ``runs/r_000001/history``. A key names a group, which holds JSON attributes and further
    keys, or an array.
    """

    def __init__(self, root: h5py.File, pages: PagedFile) -> None:
        self._open: h5py.File | None = root
        self._pages = pages
        self._nodes: dict[str, h5py.Group | h5py.Dataset] = {}  # found so far; looking up a path is slow

    def exists(self, key: str) -> bool:
        return self._find(key) is not None

    def keys(self, key: str = "") -> list[str]:
        """List the names of groups and arrays right under `key`, sorted; none if there is no such group."""
        if key and not self.exists(key):
            return []
        group = self._node(key, h5py.Group) if key else self._root
        with _sound(key):
            return sorted(name for name in group if key or name not in _INTERNAL)

    def get(self, key: str) -> dict[str, Json]:
        """Give the JSON attributes of a group.

        Raises
        ------
        ProjectError
            If there is no such group.
        """
        group = self._node(key, h5py.Group)
        with _sound(key):
            return _get_json(group) or {}

    def is_array(self, key: str) -> bool:
        return isinstance(self._find(key), h5py.Dataset)

    def info(self, key: str) -> ArrayInfo:
        """Tell shape, dtype, place and hashes of an array.

        Raises
        ------
        ProjectError
            If there is no such array.
        """
        dataset = self._node(key, h5py.Dataset)
        with _sound(key):
            return arrays.info(dataset, key)

    def load(self, key: str) -> np.ndarray:
        """Copy an array into memory, checked against its hashes.

        Raises
        ------
        ProjectError
            If there is no such array.
        ProjectDamaged
            If the file no longer holds what was written.
        """
        info = self.info(key)
        return HashedRows(info, lambda start, stop: self.stored_rows(info, start, stop)).whole()

    def stored_rows(self, info: ArrayInfo, start: int, stop: int) -> np.ndarray:
        """Copy rows `start` to `stop` as they lie in the file, unchecked, shape (stop - start, ...)."""
        shape = info.shape or (1,)
        stored = np.empty((max(0, min(stop, shape[0]) - start), *shape[1:]), dtype=info.stored)
        if stored.nbytes:
            self._pages.read_at(info.offset + start * (stored.nbytes // len(stored)), arrays.as_bytes(stored))
        return stored

    def check(self, info: ArrayInfo, first: int, last: int) -> None:
        """Compare blocks `first` to `last` of an array with their hashes; raises `ProjectDamaged`."""
        step = arrays.block_rows(info.shape, info.stored)
        for block in range(first, min(last, len(info.digests))):
            info.check(block, self.stored_rows(info, block * step, (block + 1) * step))

    def incoming(self) -> bool:
        """Whether arrays are being staged, or were when the program last ended."""
        return len(self._root.get(INCOMING, ())) > 0

    def leftovers(self) -> bool:
        """Whether there is something to `sweep`."""
        return any(len(self._root.get(name, ())) for name in _INTERNAL)

    def counters(self) -> dict[str, int]:
        """Give the last number used of each kind of id."""
        return _get_json(self._root) or {}

    def in_file(self, info: ArrayInfo) -> bool:
        """Whether the array can be mapped from the file as it is on the disk."""
        return self._pages.in_file(info.offset, info.nbytes)

    def expire(self) -> None:
        """End the view: whoever kept it gets an error instead of another transaction's data."""
        self._open = None
        self._nodes.clear()

    @property
    def _root(self) -> h5py.File:
        if self._open is None:
            raise RuntimeError("A Reader or Transaction ends with the work that it was given to.")
        return self._open

    def _node(self, key: str, kind: type[Any]) -> Any:
        node = self._find(key)
        if not isinstance(node, kind):
            what = "group" if kind is h5py.Group else "array"
            raise ProjectError(f"The project has no {what} called '{key}'.")
        return node

    def _find(self, key: str) -> Any:
        """Give the group or dataset called `key`, or None."""
        if key in self._nodes:
            return self._nodes[key]
        above, _, name = _checked(key).rpartition("/")
        parent = self._find(above) if above else self._root
        with _sound(key):
            if not isinstance(parent, h5py.Group) or name not in parent:
                return None
            node = self._nodes[key] = parent[name]
        return node


class Transaction(Reader):
    """A set of changes that lasts as a whole, from the moment the work returns, or not at all.

    Attributes
    ----------
    touched : set of str
        Keys deleted or replaced; whatever lies under them is no longer what it was.
    """

    def __init__(self, root: h5py.File, pages: PagedFile, mapped: set[str]) -> None:
        super().__init__(root, pages)
        self.touched: set[str] = set()
        self._mapped = mapped

    def new_id(self, kind: str) -> str:
        """Give a key that was never used before.

        Parameters
        ----------
        kind : str
            The group it lies in, such as ``datasets``.

        Returns
        -------
        str
            Such as ``datasets/d_000001``; it exists once something is put there.
        """
        counters = self.counters()
        number = counters.get(kind, 0) + 1
        _set_json(self._root, counters | {kind: number})
        return f"{_checked(kind)}/{kind[0]}_{number:06d}"

    def ids_for(self, keys: Iterable[str]) -> dict[str, str]:
        """Give keys to things that have these in another project, in order: the same, or new ones where they clash.

        A number that is not higher than all that were given here before counts as a clash, so that no key comes twice
        and things stay in their order.
        """
        counters, found = self.counters(), {}
        for key in keys:
            kind, _, name = key.partition("/")
            counters[kind] = max(counters.get(kind, 0) + 1, int(name.rpartition("_")[2]))
            found[key] = f"{kind}/{kind[0]}_{counters[kind]:06d}"
        _set_json(self._root, counters)
        return found

    def put(self, key: str, attributes: Mapping[str, Json]) -> None:
        """Create the group `key`, or update it: names not given keep their values.

        Raises
        ------
        ProjectError
            If a value is not JSON, or an array has this key.
        """
        group = self._group(key)
        with _sound(key):
            known = _get_json(group)
        if known is None or known != known | dict(attributes):
            _set_json(group, (known or {}) | dict(attributes))

    def write(self, key: str, source: Any, *, progress: Progress | None = None, stop: Stop | None = None) -> ArrayInfo:
        """Write an array that stays as it is until it is deleted.

        Parameters
        ----------
        key : str
            Must be free.
        source : ndarray, rows or Staged
            An array; or any object with ``shape``, ``dtype`` and ``read(start, stop)``, read in blocks of about 4 MiB;
            or what `Project.stage` gave, which costs next to nothing here. Other work waits while rows are
            read, so what takes longer than a second should be staged.
        progress : callable, optional
            Called with the done part, 0 to 1.
        stop : callable, optional
            Asked before each block; if it says True, `Cancelled` is raised.

        Raises
        ------
        ProjectError
            If the key is taken or the dtype cannot be stored.
        Cancelled
            If `stop` said so.
        """
        if self.exists(key):
            raise ProjectError(f"'{key}' is there already, and arrays of its kind are never overwritten.")
        parent, name = self._parent(key)
        if isinstance(source, Staged):
            self._adopt(source, parent, name)
        else:
            place = self._place(parent, name, arrays.as_rows(source))
            arrays.set_digests(parent[name], arrays.fill(self._pages, place, stop=stop, progress=progress))
        return self.info(key)

    def rewrite(self, key: str, source: Any) -> ArrayInfo:
        """Write a small array that may be replaced later; of the same shape and dtype it keeps its place."""
        parent, name = self._parent(key)
        place = None
        if self.exists(key):
            place = arrays.reuse(self._node(key, h5py.Dataset), source)
            if place is None:
                self.delete(key)
        if place is None:
            place = arrays.create(parent, name, source, write_once=False)
        arrays.set_digests(parent[name], arrays.fill(self._pages, place))
        return self.info(key)

    def delete(self, key: str) -> None:
        """Remove a group with all under it, or an array.

        Its room is used again, except that arrays someone may be looking at (they are mapped into memory) keep
        theirs until the project is next opened.

        Raises
        ------
        ProjectError
            If there is no such key.
        """
        self._node(key, h5py.HLObject)
        for mapped in sorted(m for m in self._mapped if is_under(m, key)):
            if self.exists(mapped):
                self._keep_place(mapped)
        if self.exists(key):
            del self._root[key]
        self._nodes.clear()
        self.touched.add(key)

    def reserve(self, rows: Rows) -> tuple[str, Reserved]:
        """Allot the place of an array that will be written outside of any transaction, and name the reservation."""
        incoming = self._root.require_group(INCOMING)
        name = uuid.uuid4().hex
        return name, arrays.create(incoming, name, rows, write_once=True)

    def cancel(self, name: str) -> None:
        """Give a reservation's place back; harmless if it was adopted."""
        incoming = self._root.get(INCOMING)
        if incoming is not None and name in incoming:
            del incoming[name]

    def sweep(self) -> bool:
        """Give back what earlier sittings left: unfinished arrays, and places kept for those who looked at them."""
        unfinished = self.incoming()
        for name in _INTERNAL:
            if name in self._root:
                del self._root[name]
        return unfinished

    def take_counters(self, counters: Mapping[str, int]) -> None:
        """Go on numbering where another project is, whose `counters` these are."""
        _set_json(self._root, dict(counters))

    def _adopt(self, staged: Staged, parent: h5py.Group, name: str) -> None:
        incoming = self._root.get(INCOMING)
        if incoming is None or staged.name not in incoming:
            raise ProjectError("This array was staged for another project, or was used or given up already.")
        self._pages.write_at(staged.tail_offset, memoryview(staged.tail))
        self._root.move(f"{INCOMING}/{staged.name}", f"{parent.name}/{name}")
        arrays.set_digests(parent[name], staged.digests)

    def _place(self, parent: h5py.Group, name: str, rows: Rows) -> Reserved:
        """Allot a write-once array; a large one behind the last commit, where it needs no room in the journal."""
        place = arrays.create(parent, name, rows, write_once=True)
        while place.offset < self._pages.boundary and parent[name].nbytes > _LARGE:
            self._keep_place(f"{parent.name}/{name}".lstrip("/"))
            place = arrays.create(parent, name, rows, write_once=True)
        return place

    def _keep_place(self, key: str) -> None:
        kept = self._root.require_group(DELETED)
        self._root.move(key, f"{DELETED}/{len(kept)}")

    def _parent(self, key: str) -> tuple[h5py.Group, str]:
        above, _, name = _checked(key).rpartition("/")
        return (self._group(above) if above else self._root), name

    def _group(self, key: str) -> h5py.Group:
        node = self._find(key)
        if node is None:
            node = self._nodes[key] = self._root.create_group(key)
        if not isinstance(node, h5py.Group):
            raise ProjectError(f"'{key}' is an array and cannot have attributes.")
        return node


@contextlib.contextmanager
def _sound(key: str) -> Iterator[None]:
    """Say in one sentence that HDF5 could not make sense of what is stored at `key`."""
    try:
        yield
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ProjectDamaged(f"'{key}' is damaged and cannot be read; restore the project from a backup.") from error


def is_under(key: str, above: str) -> bool:
    """Whether `key` is `above` or lies under it."""
    return key == above or key.startswith(above + "/")


def _checked(key: str) -> str:
    parts = key.split("/")
    if not all(part.strip(".") for part in parts) or parts[0] in _INTERNAL or "\0" in key:
        raise ProjectError(f"'{key}' cannot be a place in a project.")
    return key


def _set_json(group: h5py.Group, attributes: dict[str, Json]) -> None:
    try:
        text = json.dumps(attributes)
    except (TypeError, ValueError) as error:
        raise ProjectError(f"The attributes of '{group.name}' are not JSON ({error}).") from error
    written = text.encode()
    group.attrs.create(_JSON, np.bytes_(written))
    if len(written) >= _LONG:
        group.attrs.create(_JSON_HASH, np.bytes_(_hash(written)))
    elif _JSON_HASH in group.attrs:
        del group.attrs[_JSON_HASH]


def _get_json(group: h5py.Group) -> dict[str, Json] | None:
    """The attributes of a group, None where it has none; raises ValueError if they are not as they were written."""
    if _JSON not in group.attrs:  # asked this way, since `get` takes one that cannot be read for one that is not there
        return None
    written = bytes(group.attrs[_JSON])
    if _JSON_HASH in group.attrs and bytes(group.attrs[_JSON_HASH]) != _hash(written):  # older files have none
        raise ValueError("another hash")
    return dict(json.loads(written))


def _hash(text: bytes) -> bytes:
    """In hexadecimal: bytes of HDF5 end at the first zero."""
    return hashlib.blake2b(text, digest_size=32).hexdigest().encode()
