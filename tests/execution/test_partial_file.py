"""The partial file: renamed when the file is complete, removed otherwise."""

import os
import shutil
from pathlib import Path

import pytest

from telnyx_video._execution.download import PartialFile


def named(error: OSError) -> tuple[object, object]:
    """Return the paths that an error names."""
    return error.filename, error.filename2


def test_a_complete_file_is_renamed(tmp_path: Path) -> None:
    """Until then an earlier file of that name is unchanged."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    partial = PartialFile(path)
    partial.write(0, b"abcdef")
    partial.write(3, b"xy")
    assert path.read_bytes() == b"old"
    partial.finish(5)
    assert path.read_bytes() == b"abcxy"
    partial.discard()
    assert [*tmp_path.iterdir()] == [path]


def test_starting_over_drops_earlier_bytes(tmp_path: Path) -> None:
    """A shorter second version has nothing of the first at its end."""
    partial = PartialFile(tmp_path / "a")
    partial.write(0, b"abcdef")
    partial.write(0, b"xy")
    partial.finish(2)
    assert (tmp_path / "a").read_bytes() == b"xy"


@pytest.mark.parametrize("letter", ["a", "é", "🎬"])
def test_the_longest_possible_name_works(tmp_path: Path, letter: str) -> None:
    """A file whose name is allowed can be downloaded."""
    path = tmp_path / (letter * (255 // len(letter.encode())))
    partial = PartialFile(path)
    partial.write(0, b"whole")
    partial.finish(5)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {path.name: b"whole"}


def test_an_empty_file_is_complete(tmp_path: Path) -> None:
    """Nothing was written, or the written bytes do not count."""
    partial = PartialFile(tmp_path / "a")
    partial.write(0, b"abc")
    partial.finish(0)
    assert (tmp_path / "a").read_bytes() == b""


def test_two_downloads_to_one_path_do_not_share_a_file(tmp_path: Path) -> None:
    """The one that is complete last replaces the other."""
    one, other = PartialFile(tmp_path / "a"), PartialFile(tmp_path / "a")
    one.write(0, b"one")
    other.write(0, b"other")
    other.finish(5)
    one.finish(3)
    assert (tmp_path / "a").read_bytes() == b"one"


def test_a_discarded_file_leaves_nothing(tmp_path: Path) -> None:
    """Discarding removes the partial file, and can be repeated."""
    partial = PartialFile(tmp_path / "a")
    partial.write(0, b"abc")
    partial.discard()
    partial.discard()
    assert [*tmp_path.iterdir()] == []


def test_a_path_that_cannot_be_written_is_refused_immediately(tmp_path: Path) -> None:
    """A directory of that name, or a missing directory, is an error before anything is sent."""
    with pytest.raises(IsADirectoryError):
        PartialFile(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        PartialFile(tmp_path / "missing" / "a")
    assert named(caught.value) == (str(tmp_path / "missing" / "a"), None)


def test_later_errors_name_the_path_of_the_caller(tmp_path: Path) -> None:
    """The caller does not know the random name of the partial file."""
    folder, path = tmp_path / "videos", tmp_path / "videos" / "a.mp4"
    folder.mkdir()
    partial = PartialFile(path)
    partial.write(0, b"abc")
    shutil.rmtree(folder)
    with pytest.raises(OSError, match="No such file") as caught:
        partial.finish(3)
    assert named(caught.value) == (str(path), None)
    assert ".part" not in str(caught.value)
    folder.touch()
    with pytest.raises(OSError, match="Not a directory") as caught:
        partial.discard()
    assert named(caught.value) == (str(path), None)


@pytest.mark.skipif(os.name != "posix", reason="pipes and devices are files on POSIX")
@pytest.mark.parametrize("linked", [False, True])
def test_only_a_regular_file_is_replaced(tmp_path: Path, linked: bool) -> None:
    """A pipe or a device is left alone, also behind a symbolic link."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/full"), Path("/dev/null")):
        target = tmp_path / f"to-{path.name}" if linked else path
        if linked:
            target.symlink_to(path)
        with pytest.raises(OSError, match="Only a regular file can be replaced") as caught:
            PartialFile(target)
        assert named(caught.value) == (str(target), None)
        assert not path.is_file()


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    """The file that it points to is replaced or created; the partial file is next to that."""
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / "link", tmp_path / "elsewhere" / "a"
    link.symlink_to(target)
    for content in (b"one", b"two"):
        partial = PartialFile(link)
        partial.write(0, content)
        partial.finish(3)
        assert target.read_bytes() == content
    assert link.is_symlink()
    assert [*target.parent.iterdir()] == [target]
