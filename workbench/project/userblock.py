"""The first 4 KiB of a project file, which HDF5 leaves to us: whose file it is, which version, which commit."""

import hashlib
import struct
from dataclasses import dataclass

USERBLOCK_SIZE = 4096  # the smallest page; HDF5's own bytes begin behind it
SCHEMA_VERSION = 1
LEAST_READER = 1  # the oldest program version (by schema) that can read what we write

_MAGIC = b"VQ Workbench project\r\n\x1a\n"
_FIELDS = struct.Struct("<24sII16sQQ")
_DIGEST_SIZE = 32


@dataclass(frozen=True)
class UserBlock:
    """Identity and version of a project file.

    Attributes
    ----------
    uuid : bytes
        16 bytes, made at creation, shared by the file and its journal.
    commit : int
        Number of the last commit that is in the file.
    length : int
        Length in bytes of the file at that commit.
    schema : int
        Version of the layout of groups, arrays and attributes.
    least_reader : int
        The oldest schema version whose program can read this file.
    """

    uuid: bytes
    commit: int
    length: int
    schema: int = SCHEMA_VERSION
    least_reader: int = LEAST_READER

    def pack(self) -> bytes:
        """Give the bytes that open the file; they fit into one disk sector, so they are never half written."""
        fields = _FIELDS.pack(_MAGIC, self.schema, self.least_reader, self.uuid, self.commit, self.length)
        return fields + hashlib.blake2b(fields, digest_size=_DIGEST_SIZE).digest()

    @classmethod
    def unpack(cls, data: bytes | bytearray | memoryview) -> "UserBlock | None":
        """Read what `pack` wrote; None if it is not there or not whole."""
        fields, digest = bytes(data[: _FIELDS.size]), bytes(data[_FIELDS.size : _FIELDS.size + _DIGEST_SIZE])
        if len(fields) < _FIELDS.size or hashlib.blake2b(fields, digest_size=_DIGEST_SIZE).digest() != digest:
            return None
        magic, schema, least_reader, uuid, commit, length = _FIELDS.unpack(fields)
        if magic != _MAGIC:
            return None
        return cls(uuid, commit, length, schema, least_reader)
