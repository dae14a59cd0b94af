"""Writing a large array off the storage thread, to a place that one transaction reserved and another will name."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workbench.project.arrays import Progress, Reserved, Stop, as_bytes, block_hash, blocks, digest_table
from workbench.project.disk import Disk
from workbench.project.journal import PAGE

_SYNC_EVERY = 64 << 20  # a commit elsewhere waits for at most this much of ours


@dataclass(frozen=True)
class Staged:
    """An array whose whole pages are on the disk; a transaction that writes it to a key adds the rest.

    Attributes
    ----------
    name : str
        Of the reservation.
    digests : np.ndarray, shape (n_blocks, 32), uint8
    tail_offset, tail : int, bytes
        The last bytes, on a page that other things may share.
    """

    name: str
    digests: np.ndarray
    tail_offset: int
    tail: bytes


def write_staged(
    disk: Disk, path: Path, name: str, place: Reserved, *, progress: Progress | None = None, stop: Stop | None = None
) -> Staged:
    """Write rows to the place reserved for them and wait until they are on the disk.

    No one else writes these pages: they belong to a committed reservation, and nobody reads them until its adoption.

    Raises
    ------
    Cancelled
        If `stop` said so.
    OSError
        If the disk failed or is full.
    """
    handle = disk.open(path)
    try:
        digests = bytearray()
        tail, offset, unsynced = b"", place.offset, 0
        for block in blocks(place.rows, stop=stop, progress=progress):
            digests += block_hash(block)
            data = as_bytes(block) if not tail else memoryview(tail + bytes(as_bytes(block)))
            whole = max(0, (offset + len(data)) // PAGE * PAGE - offset) if offset % PAGE == 0 else 0
            if whole:
                disk.write(handle, data[:whole], offset)
            tail, offset, unsynced = bytes(data[whole:]), offset + whole, unsynced + whole
            if unsynced >= _SYNC_EVERY:
                disk.sync(handle)
                unsynced = 0
        disk.sync(handle)
    finally:
        disk.close(handle)
    return Staged(name, digest_table(digests), offset, tail)
