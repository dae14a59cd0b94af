"""Network drives and synced folders are told from a computer's own, by what mounts, names and marks say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.project.places import AT_HOME, MARKS, NETWORK, Computer, Mount, Place, linux_mounts, mac_mounts, place_of

MOUNTINFO = r"""
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
31 22 0:26 / /mnt rw - autofs systemd-1 rw
32 31 0:27 / /mnt/lab\040data rw,relatime shared:2 master:3 - nfs4 server:/lab rw,vers=4.2
33 32 8:1 / /mnt/lab\040data/scratch rw - xfs /dev/sda1 rw
34 22 0:30 / /home/ann/remote rw,nosuid - fuse.sshfs ann@host: rw
35 22 0:31 / /data rw - cifs //server/data rw
36 22 8:2 / /data rw - ext4 /dev/sdb1 rw
37 22 0:33 / /net rw - 9p drvfs rw
"""


def computer(mounts: tuple[Mount, ...] = (), home: Path = Path("/home/nobody"), **environment: str) -> Computer:
    return Computer(mounts, home, environment)


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/mnt/lab data/p.vqw", "NFS"),
        ("/mnt/lab data", "NFS"),
        ("/mnt/lab data/scratch/p.vqw", None),
        ("/mnt/lab databases/p.vqw", None),
        ("/home/ann/remote/deep/down/p.vqw", "SSH"),
        ("/home/ann/p.vqw", None),
        ("/data/p.vqw", None),
        ("/net/p.vqw", "9P"),
        ("/p.vqw", None),
    ],
)
def test_the_nearest_mount_tells_whether_a_folder_is_on_the_network(path: str, service: str | None) -> None:
    found = place_of(path, computer(linux_mounts(MOUNTINFO)))
    assert (None if found is None else found.service) == service
    assert found is None or found.kind == "network"


def test_words_say_what_kind_of_place_it_is_and_why(tmp_path: Path) -> None:
    found = place_of("/net/p.vqw", computer(linux_mounts(MOUNTINFO)))
    assert found == Place("network", "9P", Path("/net"))
    assert found.words == "on a network drive (9P)"
    (tmp_path / ".stfolder").mkdir()
    found = place_of(tmp_path / "p.vqw", computer())
    assert found == Place("synced", "Syncthing", tmp_path)
    assert found.words == "in a folder that Syncthing syncs"


def test_mounts_of_a_mac_are_understood() -> None:
    told = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//ann@server/my%20share on /Volumes/my share (smbfs, nodev, nosuid, mounted by ann)
server:/lab on /Volumes/on (lab) (nfs, nodev)"""
    mounts = mac_mounts(told)
    assert mounts[1:] == (Mount(Path("/Volumes/my share"), "smbfs"), Mount(Path("/Volumes/on (lab)"), "nfs"))
    assert place_of("/Volumes/my share/p.vqw", computer(mounts)) == Place("network", "SMB", Path("/Volumes/my share"))


@given(st.lists(st.tuples(st.lists(st.sampled_from("abc"), max_size=4), st.sampled_from([*NETWORK, "ext4", "xfs"]))))
def test_what_is_mounted_last_at_the_deepest_folder_above_decides(mounts: list[tuple[list[str], str]]) -> None:
    found = place_of("/a/b/c/p.vqw", computer(tuple(Mount(Path("/", *parts), kind) for parts, kind in mounts)))
    above = [(parts, kind) for parts, kind in mounts if parts == ["a", "b", "c"][: len(parts)]]
    deepest = [kind for parts, kind in above if len(parts) == max(len(others) for others, _ in above)]
    assert (found is not None) == bool(deepest and deepest[-1] in NETWORK)


@pytest.mark.parametrize("mark", [*MARKS, "._sync_0a1b2c.db", ".sync_0a1b2c.db", ".dropbox"])
def test_what_a_service_leaves_in_its_folder_tells_all_folders_below(mark: str, tmp_path: Path) -> None:
    below = tmp_path / "kept" / "deep" / "down"
    below.mkdir(parents=True)
    assert place_of(below / "p.vqw", computer()) is None
    (tmp_path / "kept" / mark).parent.mkdir(exist_ok=True)
    (tmp_path / "kept" / mark).touch()
    found = place_of(below / "p.vqw", computer())
    assert found is not None
    assert (found.kind, found.top) == ("synced", tmp_path / "kept")
    assert place_of(tmp_path / "p.vqw", computer()) is None


@pytest.mark.parametrize("name", [*AT_HOME, "OneDrive - A Firm", "Dropbox (Lab)"])
def test_folders_that_services_make_at_home_are_known_by_name(name: str, tmp_path: Path) -> None:
    found = place_of(tmp_path / name / "work" / "p.vqw", computer(home=tmp_path))
    assert found is not None
    assert found.top == tmp_path / name
    assert place_of(tmp_path / "work" / name / "p.vqw", computer(home=tmp_path)) is None
    assert place_of(tmp_path / f"my {name}" / "p.vqw", computer(home=tmp_path)) is None


def test_services_that_tell_their_folder_are_believed(tmp_path: Path) -> None:
    ours = computer(home=tmp_path, OneDriveCommercial=str(tmp_path / "od"))
    assert place_of(tmp_path / "od" / "p.vqw", ours) == Place("synced", "OneDrive", tmp_path / "od")
    (tmp_path / ".dropbox").mkdir()  # Dropbox's settings in the home folder mark nothing
    assert place_of(tmp_path / "p.vqw", ours) is None
    for text in ("no JSON", "[]", '{"personal": {}}'):
        (tmp_path / ".dropbox" / "info.json").write_text(text)
        assert place_of(tmp_path / "box" / "p.vqw", ours) is None
    (tmp_path / ".dropbox" / "info.json").write_text(json.dumps({"personal": {"path": str(tmp_path / "box")}}))
    assert place_of(tmp_path / "box" / "p.vqw", ours) == Place("synced", "Dropbox", tmp_path / "box")


@pytest.mark.parametrize(
    ("below", "service"),
    [
        ("Library/Mobile Documents/com~apple~CloudDocs", "iCloud Drive"),
        ("Library/CloudStorage/GoogleDrive-a@b.org/My Drive", "GoogleDrive"),
        ("Library/CloudStorage/OneDrive-Firm", "OneDrive"),
        ("Google Drive/My Drive", "Google Drive"),
    ],
)
def test_cloud_folders_of_a_mac_are_known(below: str, service: str, tmp_path: Path) -> None:
    found = place_of(tmp_path / below / "p.vqw", computer(home=tmp_path))
    assert found is not None
    assert found.service in (service, "Google Drive")


def test_a_link_is_followed_to_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / ".stfolder").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept", target_is_directory=True)
    assert place_of(tmp_path / "link" / "p.vqw", computer()) == Place("synced", "Syncthing", tmp_path / "kept")
