"""A text table of any encoding, gzip or not, as UTF-8 chunks of whole records in bounded memory."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from workbench.data.dialect import DelimitedOptions
from workbench.data.errors import DataError
from workbench.data.watch import Watch

CHUNK_BYTES = 2 << 20
_MOST_RECORD_BYTES = 256 << 20
_BROKEN_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


def is_gzip(path: Path) -> bool:
    """Whether the file begins as a gzip file does."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def read_head(path: Path, n_bytes: int) -> tuple[bytes, bool]:
    """The first (decompressed) bytes of a file, and whether these are all.

    Raises
    ------
    DataError
        If it is a broken gzip file.
    """
    with path.open("rb") as raw:
        file = cast(BinaryIO, gzip.GzipFile(fileobj=raw) if is_gzip(path) else raw)
        try:
            data = file.read(n_bytes + 1)
        except _BROKEN_GZIP as error:
            raise DataError(broken_gzip(path)) from error
    return data[:n_bytes], len(data) <= n_bytes


def broken_gzip(path: Path) -> str:
    """The sentence for a gzip file that ends early or is damaged."""
    return f"{path.name} is a damaged or incomplete gzip file: fetch or compress it again."


def record_chunks(path: Path, options: DelimitedOptions, watch: Watch) -> Iterator[bytes]:
    """Whole records in UTF-8, about 2 MiB at a time, after the skipped lines and the header.

    Line ends are "\\n" or "\\r\\n" (a lone "\\r" is turned into "\\n"); runs of white space are one space, and none
    at the ends of lines, when the delimiter is space.

    Raises
    ------
    DataError
        If the file is not in the stated encoding, is a broken gzip file, or a quotation mark is never closed.
    """
    carry = b""
    to_skip, header = options.skip_lines, options.header == "yes"
    for text in _utf8_pieces(path, options, watch):
        data = carry + text
        while to_skip and b"\n" in data:
            data = data[data.index(b"\n") + 1 :]
            to_skip -= 1
        if to_skip:
            carry = data
            continue
        end = _end_of_records(data, options)
        if end == 0:
            carry = data
            if len(carry) > _MOST_RECORD_BYTES:
                raise DataError(
                    f"{path.name} has a row of more than 256 MiB; perhaps a quotation mark is never closed: "
                    "set the quote to none."
                )
            continue
        carry, data = data[end:], data[:end]
        if header:
            data, header = _without_first_record(data, options)
        if data.strip(b"\r\n"):
            yield data
    if header and carry:
        carry, header = _without_first_record(carry, options)
    if carry.strip(b"\r\n \t") and not to_skip:
        yield carry


def _utf8_pieces(path: Path, options: DelimitedOptions, watch: Watch) -> Iterator[bytes]:
    """The file in UTF-8, line ends tidied, cut anywhere between characters."""
    decoder = None
    if codecs.lookup(options.encoding).name != "utf-8":
        decoder = codecs.getincrementaldecoder(options.encoding)("strict")
    size = max(1, path.stat().st_size)
    lone_returns, first, done = False, True, 0
    with path.open("rb") as raw:
        file = cast(BinaryIO, gzip.GzipFile(fileobj=raw) if is_gzip(path) else raw)
        while True:
            watch(raw.tell() / size)
            try:
                data = file.read(CHUNK_BYTES)
            except _BROKEN_GZIP as error:
                raise DataError(broken_gzip(path)) from error
            if decoder is not None:
                data = _recoded(decoder, data, options.encoding, path, done)
            if first:
                data = data.removeprefix(codecs.BOM_UTF8)
                lone_returns, first = b"\r" in data and b"\n" not in data, False
            if lone_returns:
                data = data.replace(b"\r", b"\n")
            if options.separator == " ":
                data = re.sub(rb"[ \t]+", b" ", data)
            if not data:
                return
            done += data.count(b"\n")
            yield data


def _recoded(decoder: codecs.IncrementalDecoder, data: bytes, encoding: str, path: Path, done: int) -> bytes:
    try:
        return decoder.decode(data, final=not data).encode()
    except UnicodeError as error:
        raise DataError(
            f"{path.name} is not {encoding} text somewhere after line {done + 1:,}: choose another encoding."
        ) from error


def _end_of_records(data: bytes, options: DelimitedOptions) -> int:
    """Where the last whole record of `data` ends (which begins with a record), 0 if nowhere.

    Quotation marks come in pairs but for stray ones inside fields, which the slower reading line by line knows.
    """
    end = data.rfind(b"\n")
    mark = (options.quote_char or "").encode()
    if not mark or mark not in data:
        return end + 1
    while end >= 0 and data.count(mark, 0, end) % 2:
        end = data.rfind(b"\n", 0, data.rfind(mark, 0, end))
    return end + 1 if end >= 0 or len(data) <= CHUNK_BYTES else _end_by_lines(data, options)


def _end_by_lines(data: bytes, options: DelimitedOptions) -> int:
    lines = data.decode(errors="replace").split("\n")[:-1]
    reader = csv.reader(
        (line + "\n" for line in lines), delimiter=options.separator, quotechar=options.quote_char or '"'
    )
    n_lines = 0
    for _ in reader:
        if reader.line_num == len(lines):
            break
        n_lines = reader.line_num
    return sum(len(line) + 1 for line in data.split(b"\n", n_lines)[:n_lines])


def _without_first_record(data: bytes, options: DelimitedOptions) -> tuple[bytes, bool]:
    """`data` without its first record, and whether that is still to come (there were only blank lines)."""
    data = data.lstrip(b"\r\n \t" if options.separator == " " else b"\r\n")
    if not data:
        return b"", True
    mark = (options.quote_char or "").encode()
    end = data.find(b"\n")
    while mark and end >= 0 and data.count(mark, 0, end) % 2:
        end = data.find(b"\n", end + 1)
    return (data[end + 1 :] if end >= 0 else b""), False


def count_fields(chunk: bytes, separator: str, quote: str | None) -> tuple[int, int]:
    """How many separators and line ends `chunk` has outside quotation marks."""
    mark = (quote or "").encode()
    if not mark or mark not in chunk:
        return chunk.count(separator.encode()), chunk.count(b"\n")
    data = np.frombuffer(chunk, np.uint8)
    outside = np.bitwise_xor.accumulate((data == ord(mark)).view(np.uint8)) == 0
    n_separators = np.count_nonzero((data == ord(separator)) & outside)
    return int(n_separators), int(np.count_nonzero((data == 10) & outside))


def chunk_text(chunk: bytes, path: Path, n_rows: int) -> str:
    """`chunk` as text; raises DataError, naming the row, where it is not UTF-8."""
    try:
        return chunk.decode()
    except UnicodeDecodeError as error:
        row = n_rows + chunk[: error.start].count(b"\n") + 1
        raise DataError(
            f"{path.name} is not utf-8 text (row {row:,} has a byte 0x{chunk[error.start]:02X}): choose another "
            "encoding, such as cp1252."
        ) from error
