"""Files that are published once: of several processes that write the same name, the first wins.

A published file is complete: it is written elsewhere, flushed to the disk, and then linked to its
name, which fails if the name exists. Object stores do the same by a conditional put.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from glob import glob
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from telnyx_video.errors import ConfigurationError

_TEMPORARY = ".tmp-"


class Storage(Protocol):
    """A folder of published files."""

    def draft(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for writing; it is gone at the block's end if it was not published."""
        ...

    def publish(self, draft: BinaryIO, name: str) -> bool:
        """Give a draft its name; return whether it was the first to have it."""
        ...

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None if it is not published."""
        ...

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a published file."""
        ...

    def names(self, folder: str) -> set[str]:
        """Return the published files of a folder, without the folder."""
        ...


def storage(output: str | os.PathLike[str]) -> Storage:
    """Return the folder at this path or URL; it is made when something is written."""
    path = os.fspath(output).removeprefix("file://")
    return _ObjectStorage(path) if "://" in path else _LocalStorage(Path(path).absolute())


def publish(folder: Storage, name: str, data: bytes) -> bool:
    """Publish a small file; return whether it was the first of its name."""
    with folder.draft(name) as draft:
        draft.write(data)
        return folder.publish(draft, name)


def open_input(path: str) -> BinaryIO:
    """Open a file or a URL for reading."""
    if "://" not in path:
        return open(path, "rb")
    filesystem, inside = _resolve(path)
    file: BinaryIO = filesystem.open(inside, "rb")
    return file


def expand(pattern: str) -> list[str]:
    """Return the files that a path, a URL or a glob names, in the order of their names."""
    if "://" not in pattern:
        return [pattern] if os.path.isfile(pattern) else sorted(glob(pattern))
    filesystem, inside = _resolve(pattern)
    return [filesystem.unstrip_protocol(path) for path in sorted(filesystem.glob(inside))]


def _resolve(url: str) -> tuple[Any, str]:
    """Return fsspec's file system of a URL, and the path in it."""
    try:
        fsspec: Any = import_module("fsspec.core")
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{url} is not a path of this machine: pip install fsspec, and its package for this "
            "kind of URL"
        ) from None
    try:
        filesystem, path = fsspec.url_to_fs(url)
    except (ImportError, ValueError) as error:  # another package is missing, or no such protocol
        raise ConfigurationError(f"{url} cannot be opened: {error}") from None
    return filesystem, path


class _LocalStorage:
    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def draft(self, name: str) -> Generator[BinaryIO]:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{_TEMPORARY}{uuid.uuid4().hex}-{path.name}")
        try:
            with temporary.open("xb") as file:
                yield file
        finally:
            temporary.unlink(missing_ok=True)

    def publish(self, draft: BinaryIO, name: str) -> bool:
        path = self._root / name
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, path)
        except FileExistsError:
            return False
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be published ({error.strerror}) - its file system must have hard "
                "links; choose another output, or an object store"
            ) from error
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name, too, must survive a power cut
        finally:
            os.close(folder)
        return True

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
            found = os.listdir(self._root / folder)
        except FileNotFoundError:
            return set()
        return {name for name in found if not name.startswith(_TEMPORARY)}


class _ObjectStorage:
    """Drafts are in memory, and put as a whole; a part's outcomes are a few megabytes."""

    def __init__(self, url: str) -> None:
        self._filesystem, root = _resolve(url)
        self._root = root.rstrip("/")
        generic = import_module("fsspec").AbstractFileSystem
        own: Any = self._filesystem.__class__
        if own.pipe_file is generic.pipe_file and not hasattr(own, "_pipe_file"):
            # The generic method checks for the file, then writes it: two writers may succeed.
            raise ConfigurationError(
                f"{url}: {own.__name__} cannot create a file only if there is none - choose a "
                "disk with hard links, or an object store such as S3, GCS or Azure"
            )

    def draft(self, name: str) -> AbstractContextManager[BinaryIO]:  # as on a disk
        return io.BytesIO()

    def publish(self, draft: BinaryIO, name: str) -> bool:
        draft.seek(0)
        try:
            self._filesystem.pipe_file(f"{self._root}/{name}", draft.read(), mode="create")
        except FileExistsError:
            return False
        return True

    def read(self, name: str) -> bytes | None:
        try:
            content: bytes = self._filesystem.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return None
        return content

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
