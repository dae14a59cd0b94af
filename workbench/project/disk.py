"""Every call of the operating system that changes a project's files, in one object that a test can replace."""

import contextlib
import errno
import os
import sys
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_CLONED_AT_ONCE = 4 << 20
_USER_MAPPED_SECTION = 1224  # Windows will not cut a file whose pages are mapped


class Disk:
    """The real disk: thin calls with no memory of their own, so that a test can record or fail each one."""

    def open(self, path: Path, *, create: bool = False, read_only: bool = False) -> int:
        """Open `path`; with `create` it must not exist yet."""
        mode = os.O_RDONLY if read_only else os.O_RDWR
        if create:
            mode |= os.O_CREAT | os.O_EXCL
        return os.open(path, mode | _BINARY, 0o644)

    def close(self, handle: int) -> None:
        os.close(handle)

    def size(self, handle: int) -> int:
        return os.fstat(handle).st_size

    def read(self, handle: int, buffer: memoryview, offset: int) -> int:
        """Fill `buffer` from `offset` on; fewer bytes than asked for means the end of the file."""
        done = 0
        while done < len(buffer):
            data = _pread(handle, len(buffer) - done, offset + done)
            if not data:
                break
            buffer[done : done + len(data)] = data
            done += len(data)
        return done

    def write(self, handle: int, data: bytes | bytearray | memoryview, offset: int) -> None:
        """Write all of `data` at `offset`."""
        view = memoryview(data)
        while view:
            done = _pwrite(handle, view, offset)
            view, offset = view[done:], offset + done

    def clone(self, source: int, target: int) -> None:
        """Let `target`, which is empty, hold the bytes of `source`; they share blocks where the system can."""
        done = _clone(source, target, self.size(source))
        buffer = memoryview(bytearray(_CLONED_AT_ONCE))
        while count := self.read(source, buffer, done):
            self.write(target, buffer[:count], done)
            done += count

    def truncate(self, handle: int, length: int) -> None:
        try:
            os.ftruncate(handle, length)
        except OSError as error:
            if getattr(error, "winerror", 0) != _USER_MAPPED_SECTION:
                raise

    def sync(self, handle: int) -> None:
        """Return once everything written to this file would survive a power cut."""
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
        else:
            os.fsync(handle)

    def rename(self, source: Path, target: Path) -> None:
        """Give `source` the name `target`, in one step, in place of whatever had it."""
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        path.unlink()

    def sync_folder(self, folder: Path) -> None:
        """Return once the names in `folder` would survive a power cut (Windows keeps them itself)."""
        if sys.platform == "win32":
            return
        handle = os.open(folder, os.O_RDONLY | _BINARY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network drives cannot, and need not
                raise
        finally:
            os.close(handle)


if sys.platform == "linux":

    def _clone(source: int, target: int, size: int) -> int:
        """Copy within the kernel as far as it can; gives how many bytes that were."""
        done = 0
        with contextlib.suppress(OSError):  # other disks, file systems that cannot
            while done < size and (count := os.copy_file_range(source, target, size - done, done, done)):
                done += count
        return done

else:

    def _clone(source: int, target: int, size: int) -> int:
        return 0


if hasattr(os, "pwrite"):

    def _pread(handle: int, count: int, offset: int) -> bytes:
        return os.pread(handle, min(count, 1 << 26), offset)

    def _pwrite(handle: int, view: memoryview, offset: int) -> int:
        return os.pwrite(handle, view[: 1 << 30], offset)

else:  # Windows: one thread uses one handle, so that a seek and its transfer stay together

    def _pread(handle: int, count: int, offset: int) -> bytes:
        os.lseek(handle, offset, os.SEEK_SET)
        return os.read(handle, min(count, 1 << 26))

    def _pwrite(handle: int, view: memoryview, offset: int) -> int:
        os.lseek(handle, offset, os.SEEK_SET)
        return os.write(handle, view[: 1 << 30])
