"""Files that are published once: of several processes that write the same name, the first wins.

A published file is complete: it is written elsewhere, flushed to the disk, and then linked to its
name, which fails if the name exists. Object stores do the same by a conditional put.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from glob import glob
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from telnyx_video.errors import ConfigurationError

_TEMPORARY = ".tmp-"


class Draft(Protocol):
    """A file that is not published yet."""

    def write(self, data: bytes, /) -> object:
        """Append to it."""
        ...

    def publish(self) -> bool:
        """Give it its name; returns whether it was the first to have it."""
        ...

    def discard(self) -> None:
        """Remove it; does nothing once it is published."""
        ...


class Storage(Protocol):
    """A folder of published files."""

    def draft(self, name: str) -> Draft:
        """Begin a file."""
        ...

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if it is not published."""
        ...

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of a published file."""
        ...

    def names(self, folder: str) -> set[str]:
        """The published files of a folder, without the folder."""
        ...


def storage(output: str | os.PathLike[str]) -> Storage:
    """The folder at this path or URL; it is made when something is written."""
    path = os.fspath(output).removeprefix("file://")
    return _ObjectStorage(path) if "://" in path else _LocalStorage(Path(path).absolute())


def publish(folder: Storage, name: str, data: bytes) -> bool:
    """Publish a small file at once; returns whether it was the first of its name."""
    draft = folder.draft(name)
    try:
        draft.write(data)
        return draft.publish()
    finally:
        draft.discard()


def open_input(path: str) -> BinaryIO:
    """Open a file or a URL for reading."""
    if "://" not in path:
        return open(path, "rb")
    filesystem, inside = _resolve(path)
    return filesystem.open(inside, "rb")


def expand(pattern: str) -> list[str]:
    """The files that a path, a URL or a glob names, in the order of their names."""
    if "://" not in pattern:
        return [pattern] if os.path.isfile(pattern) else sorted(glob(pattern))
    filesystem, inside = _resolve(pattern)
    return [filesystem.unstrip_protocol(path) for path in sorted(filesystem.glob(inside))]


class _FileSystem(Protocol):
    """What is used of fsspec's file systems."""

    def open(self, path: str, mode: str) -> BinaryIO: ...
    def glob(self, path: str) -> list[str]: ...
    def unstrip_protocol(self, path: str) -> str: ...
    def cat_file(self, path: str) -> bytes: ...
    def ls(self, path: str, *, detail: bool) -> list[str]: ...
    def pipe_file(self, path: str, value: bytes, *, mode: str) -> None: ...
    def invalidate_cache(self) -> None: ...


def _resolve(url: str) -> tuple[_FileSystem, str]:
    """The file system of a URL, and the path in it."""
    try:
        fsspec = import_module("fsspec.core")
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{url} is not a path of this machine: pip install fsspec, and its package for this "
            "kind of URL"
        ) from None
    return cast("tuple[_FileSystem, str]", fsspec.url_to_fs(url))


class _LocalStorage:
    def __init__(self, root: Path) -> None:
        self._root = root

    def draft(self, name: str) -> Draft:
        return _LocalDraft(self._root / name)

    def read(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None

    def lines(self, name: str) -> Iterator[bytes]:
        with (self._root / name).open("rb") as file:
            yield from file

    def names(self, folder: str) -> set[str]:
        try:
            return {
                name for name in os.listdir(self._root / folder) if not name.startswith(_TEMPORARY)
            }
        except FileNotFoundError:
            return set()


class _LocalDraft:
    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}-{path.name}")
        self._file = self._temporary.open("xb")

    def write(self, data: bytes, /) -> object:
        return self._file.write(data)

    def publish(self) -> bool:
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            os.link(self._temporary, self._path)
        except FileExistsError:
            return False
        except OSError as error:
            raise ConfigurationError(
                f"{self._path} cannot be published ({error.strerror}) - its file system must have "
                "hard links; choose another output, or an object store"
            ) from error
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name, too, is to outlive a power cut
        finally:
            os.close(folder)
        return True

    def discard(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)


class _ObjectStorage:
    def __init__(self, url: str) -> None:
        self._filesystem, root = _resolve(url)
        self._root = root.rstrip("/")
        generic = import_module("fsspec").AbstractFileSystem
        own = type(self._filesystem)
        if own.pipe_file is generic.pipe_file and not hasattr(own, "_pipe_file"):
            # The generic one looks whether the file exists, and then writes it: two may win.
            raise ConfigurationError(
                f"{url}: {own.__name__} cannot create a file only if there is none - choose a "
                "disk with hard links, or an object store such as S3, GCS or Azure"
            )

    def draft(self, name: str) -> Draft:
        return _ObjectDraft(self._filesystem, f"{self._root}/{name}")

    def read(self, name: str) -> bytes | None:
        try:
            return self._filesystem.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return None

    def lines(self, name: str) -> Iterator[bytes]:
        with self._filesystem.open(f"{self._root}/{name}", "rb") as file:
            yield from file

    def names(self, folder: str) -> set[str]:
        try:
            self._filesystem.invalidate_cache()
            found = self._filesystem.ls(f"{self._root}/{folder}", detail=False)
        except FileNotFoundError:
            return set()
        return {path.rsplit("/", 1)[-1] for path in found}


class _ObjectDraft:
    """An object in memory, until it is put as a whole; a part's outcomes are a few megabytes."""

    def __init__(self, filesystem: _FileSystem, path: str) -> None:
        self._filesystem = filesystem
        self._path = path
        self._content = io.BytesIO()

    def write(self, data: bytes, /) -> object:
        return self._content.write(data)

    def publish(self) -> bool:
        with suppress(FileExistsError):
            self._filesystem.pipe_file(self._path, self._content.getvalue(), mode="create")
            return True
        return False

    def discard(self) -> None:
        self._content = io.BytesIO()
