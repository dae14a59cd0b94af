"""Whether a folder is on a network drive or kept by a sync service, told by mounts, names and marks; writes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

NETWORK = {
    "9p": "9P",
    "afpfs": "AFP",
    "afs": "AFS",
    "ceph": "CephFS",
    "cifs": "SMB",
    "coda": "Coda",
    "davfs": "WebDAV",
    "fuse.ceph": "CephFS",
    "fuse.curlftpfs": "FTP",
    "fuse.davfs2": "WebDAV",
    "fuse.gcsfuse": "Google Cloud Storage",
    "fuse.glusterfs": "GlusterFS",
    "fuse.goofys": "S3",
    "fuse.google-drive-ocamlfuse": "Google Drive",
    "fuse.gvfsd-fuse": "GVfs",
    "fuse.juicefs": "JuiceFS",
    "fuse.onedriver": "OneDrive",
    "fuse.rclone": "rclone",
    "fuse.s3fs": "S3",
    "fuse.smbnetfs": "SMB",
    "fuse.sshfs": "SSH",
    "fuse.vmhgfs-fuse": "VMware",
    "glusterfs": "GlusterFS",
    "lustre": "Lustre",
    "macfuse": "macFUSE",
    "ncpfs": "NCP",
    "nfs": "NFS",
    "nfs4": "NFS",
    "osxfuse": "macFUSE",
    "smb3": "SMB",
    "smbfs": "SMB",
    "vboxsf": "VirtualBox",
    "webdav": "WebDAV",
}
"""Kinds of file systems on which another computer has a say, and what people call them."""
MARKS = {
    ".849C9593-D756-4E56-8D6E-42412F2A707B": "OneDrive",
    ".csync_journal.db": "Nextcloud",
    ".dropbox.cache": "Dropbox",
    ".nextcloudsync.log": "Nextcloud",
    ".owncloudsync.log": "ownCloud",
    ".stfolder": "Syncthing",
    ".sync/IgnoreList": "Resilio Sync",
    ".tmp.drivedownload": "Google Drive",
    ".tmp.driveupload": "Google Drive",
}
"""What services leave in the top folder of what they keep."""
_DATABASE = re.compile(r"\._?sync_[0-9a-f]+\.db")  # of Nextcloud and ownCloud, with the journal's own name in it
AT_HOME = {
    "Box": "Box",
    "Box Sync": "Box",
    "Dropbox": "Dropbox",
    "Google Drive": "Google Drive",
    "GoogleDrive": "Google Drive",
    "MEGA": "MEGA",
    "Nextcloud": "Nextcloud",
    "OneDrive": "OneDrive",
    "ownCloud": "ownCloud",
    "pCloudDrive": "pCloud",
    "Seafile": "Seafile",
}
"""Folders right under the home folder that services make; some go on with an account, as in `OneDrive - Firm`."""
_WINDOWS_REMOTE = 4  # DRIVE_REMOTE of GetDriveTypeW
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True)
class Place:
    """Where a folder is that is not this computer's alone.

    Attributes
    ----------
    kind : {"network", "synced"}
    service : str
        As people call it: "NFS", "Dropbox".
    top : Path
        The drive, or the folder that is kept in sync.
    """

    kind: Literal["network", "synced"]
    service: str
    top: Path

    @property
    def words(self) -> str:
        """What it is, to be read after "is"."""
        if self.kind == "network":
            return f"on a network drive ({self.service})"
        return f"in a folder that {self.service} syncs"


@dataclass(frozen=True)
class Mount:
    """A folder at which a file system begins, and the kind of that, as the system calls it."""

    point: Path
    kind: str


@dataclass(frozen=True)
class Computer:
    """What there is to know of this computer for telling places apart.

    Attributes
    ----------
    mounts : tuple of Mount
        Later ones lie over earlier ones at the same folder.
    home : Path
    environment : mapping of str to str
    """

    mounts: tuple[Mount, ...]
    home: Path
    environment: Mapping[str, str]

    @classmethod
    def this(cls) -> Computer:
        """The one that we are on, as it is now."""
        return cls(_mounts(), Path.home(), os.environ)


def place_of(path: Path | str, computer: Computer | None = None) -> Place | None:
    """The place of a file or of its folder, which need not exist; None if it is this computer's own.

    Nothing tells for certain that a folder is synced. To take one for synced that is not costs a copy, the other error
    may cost a project, so names that services use are enough.
    """
    computer = computer or Computer.this()
    path = Path(os.path.realpath(path))
    return _on_network(path, computer.mounts) or _synced(path, computer)


def _on_network(path: Path, mounts: Iterable[Mount]) -> Place | None:
    text = str(path)
    if sys.platform == "win32" and text.startswith("\\\\") and not text.startswith(("\\\\?\\", "\\\\.\\")):
        return Place("network", "SMB", Path(path.anchor))
    found: Mount | None = None
    for mount in mounts:
        if path.is_relative_to(mount.point) and (found is None or mount.point.is_relative_to(found.point)):
            found = mount
    if found is None or found.kind not in NETWORK:
        return None
    return Place("network", NETWORK[found.kind], found.point)


def _synced(path: Path, computer: Computer) -> Place | None:
    for top, service in _known_tops(computer):
        if path.is_relative_to(top):
            return Place("synced", service, top)
    home = Path(os.path.realpath(computer.home))
    for folder in path.parents:
        service = _service_of(folder, home)
        if service:
            return Place("synced", service, folder)
    return None


def _known_tops(computer: Computer) -> Iterator[tuple[Path, str]]:
    """Folders that a service has told the system of."""
    for name in ("OneDrive", "OneDriveConsumer", "OneDriveCommercial"):
        if computer.environment.get(name):
            yield Path(os.path.realpath(computer.environment[name])), "OneDrive"
    settings = [computer.home / ".dropbox"]
    settings += [
        Path(computer.environment[n]) / "Dropbox" for n in ("APPDATA", "LOCALAPPDATA") if n in computer.environment
    ]
    for folder in settings:
        try:
            accounts = json.loads((folder / "info.json").read_text(encoding="utf-8"))
            tops = [str(account["path"]) for account in accounts.values()]
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            continue
        for top in tops:
            yield Path(os.path.realpath(top)), "Dropbox"
    yield Path(os.path.realpath(computer.home / "Library" / "Mobile Documents")), "iCloud Drive"


def _service_of(folder: Path, home: Path) -> str:
    """Whose top folder this is, by its name or by what lies in it; "" if nobody's."""
    if folder.parent == home:
        for name, service in AT_HOME.items():
            if folder.name == name or folder.name.startswith((f"{name} - ", f"{name} (")):
                return service
    if folder.parent == home / "Library" / "CloudStorage":
        return folder.name.partition("-")[0] or "a cloud service"
    if folder.name == "My Drive" and (folder.parent == Path(folder.anchor) or "Drive" in folder.parent.name):
        return "Google Drive"
    for mark, service in MARKS.items():
        if os.path.exists(folder / mark):
            return service
    if os.path.isfile(folder / ".dropbox"):  # the folder of that name in the home folder holds Dropbox's own settings
        return "Dropbox"
    return "Nextcloud" if any(_DATABASE.fullmatch(name) for name in _hidden_names(folder)) else ""


def _hidden_names(folder: Path) -> Iterator[str]:
    try:
        yield from (name for name in os.listdir(folder) if name.startswith("."))
    except OSError:
        return


def _mounts() -> tuple[Mount, ...]:
    try:
        if sys.platform.startswith("linux"):
            return linux_mounts(Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape"))
        if sys.platform == "darwin":
            told = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=10, check=True)
            return mac_mounts(told.stdout)
        if sys.platform == "win32":
            return _windows_mounts()
    except (OSError, subprocess.SubprocessError):
        pass  # who cannot be told where things are takes them for local, as any program does
    return ()


def linux_mounts(text: str) -> tuple[Mount, ...]:
    """What /proc/self/mountinfo says, see proc(5)."""
    found = []
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")[0]
        if len(fields) > 4 and kind:
            point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
            found.append(Mount(Path(point), kind))
    return tuple(found)


def mac_mounts(text: str) -> tuple[Mount, ...]:
    """What /sbin/mount says: `//person@host/share on /Volumes/share (smbfs, nodev)`."""
    found = []
    for line in text.splitlines():
        match = re.fullmatch(r".+? on (/.*) \(([^,)]+).*\)", line)
        if match:
            found.append(Mount(Path(match[1]), match[2]))
    return tuple(found)


def _windows_mounts() -> tuple[Mount, ...]:
    if sys.platform != "win32":
        return ()
    import ctypes

    kind = ctypes.windll.kernel32.GetDriveTypeW
    letters = (f"{letter}:\\" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return tuple(Mount(Path(letter), "smbfs") for letter in letters if kind(letter) == _WINDOWS_REMOTE)
