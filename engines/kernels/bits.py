"""Integers packed to bits and back; the widths are given, what the integers mean is known elsewhere."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def pack_bits(codes, widths, packed):  # type: ignore[no-untyped-def]
    """Write the lowest widths[b] bits of codes (n, B) into `packed` (n, bytes), highest first, then zeros."""
    n, n_bytes = packed.shape
    for i in range(n):
        waiting, n_waiting, place = 0, 0, 0
        for b in range(widths.shape[0]):
            waiting = (waiting << widths[b]) | codes[i, b]
            n_waiting += widths[b]
            while n_waiting >= 8:
                n_waiting -= 8
                packed[i, place] = (waiting >> n_waiting) & 255
                place += 1
            waiting &= (1 << n_waiting) - 1
        if n_waiting:
            packed[i, place] = (waiting << (8 - n_waiting)) & 255
            place += 1
        while place < n_bytes:
            packed[i, place] = 0
            place += 1


@njit(cache=True, nogil=True)
def unpack_bits(packed, widths, codes):  # type: ignore[no-untyped-def]
    """Undo `pack_bits`: codes (n, B) from `packed` (n, bytes)."""
    for i in range(packed.shape[0]):
        waiting, n_waiting, place = 0, 0, 0
        for b in range(widths.shape[0]):
            while n_waiting < widths[b]:
                waiting = (waiting << 8) | packed[i, place]
                n_waiting += 8
                place += 1
            n_waiting -= widths[b]
            codes[i, b] = waiting >> n_waiting
            waiting &= (1 << n_waiting) - 1
