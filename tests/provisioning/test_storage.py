"""Files that are published once."""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from telnyx_video import ConfigurationError
from telnyx_video.provisioning import Job
from telnyx_video.provisioning.storage import Storage, publish, storage

# None of these has types.
FSSPEC: Any = import_module("fsspec")
MEMORY: Any = import_module("fsspec.implementations.memory").MemoryFileSystem


@pytest.fixture(params=["disk", "objects"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """A folder of either kind, that does not exist yet."""
    if request.param == "disk":
        return storage(tmp_path / "out")
    MEMORY.store.clear()
    MEMORY.pseudo_dirs[:] = [""]
    return storage("memory://out/")


def test_the_first_to_publish_wins(folder: Storage) -> None:
    """The second one returns False, and changes nothing."""
    with folder.draft("a/file") as one, folder.draft("a/file") as two:
        one.write(b"one\n")
        two.write(b"two\n")
        assert folder.read("a/file") is None
        assert folder.publish(two, "a/file")
        assert not folder.publish(one, "a/file")
    assert folder.read("a/file") == b"two\n"
    assert list(folder.lines("a/file")) == [b"two\n"]
    assert folder.names("a") == {"file"}


def test_an_unpublished_draft_leaves_nothing(folder: Storage) -> None:
    """While it is written, it is not listed."""
    with folder.draft("a/file") as draft:
        draft.write(b"half")
        assert folder.names("a") == set()
    assert folder.names("a") == set()
    assert folder.read("a/file") is None


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a power cut, a file is complete or absent."""
    steps = list[str]()
    sync, link = os.fsync, os.link

    def noted_sync(file: int) -> None:
        steps.append("fsync")
        sync(file)

    def noted_link(source: Path, name: Path) -> None:
        steps.append("link")
        link(source, name)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(os, "link", noted_link)
    assert publish(storage(tmp_path), "file", b"content")
    assert steps == ["fsync", "link", "fsync"]
    assert os.listdir(tmp_path) == ["file"]


def test_a_disk_without_hard_links_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them, two attempts could both publish."""

    def link(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", link)
    with pytest.raises(ConfigurationError, match="hard links"):
        publish(storage(tmp_path), "file", b"content")
    assert os.listdir(tmp_path) == []


def test_a_url_without_fsspec_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths of this machine need no package."""
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ConfigurationError, match="pip install fsspec"):
        storage("s3://bucket/out")


def test_a_url_of_an_unknown_kind_is_refused() -> None:
    """The reason is that of fsspec."""
    with pytest.raises(ConfigurationError, match="foo://bucket/out cannot be opened: Protocol"):
        storage("foo://bucket/out")


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    """It gets the guarantees of a disk."""
    assert publish(storage(f"file://{tmp_path}/out"), "file", b"content")
    assert (tmp_path / "out" / "file").read_bytes() == b"content"


def test_a_file_system_that_can_only_overwrite_is_refused() -> None:
    """It looks whether a file exists and then writes it: two attempts could both succeed."""

    class Plain(FSSPEC.AbstractFileSystem):  # type: ignore[misc] # has no types
        protocol = "plain"

    FSSPEC.register_implementation("plain", Plain, clobber=True)
    with pytest.raises(ConfigurationError, match="Plain cannot create a file only if"):
        storage("plain://bucket/out")


def test_a_store_that_overwrites_when_asked_not_to_is_refused() -> None:
    """Old packages ignore the condition; the first file of a job shows it."""

    class Lax(MEMORY):  # type: ignore[misc] # has no types
        protocol = "lax"

        def pipe_file(self, path: str, value: bytes, **_: object) -> None:
            """Overwrite."""
            MEMORY.pipe_file(self, path, value)

    FSSPEC.register_implementation("lax", Lax, clobber=True)
    with pytest.raises(ConfigurationError, match="overwrites objects when asked not to"):
        Job([], output="lax://bucket/out", job="job", server="s")
