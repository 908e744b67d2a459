"""The file beside: it becomes the file when it is whole, and else leaves nothing."""

import shutil
from pathlib import Path

import pytest

from telnyx_video._execution._part import Part


def told(error: OSError) -> tuple[object, object]:
    """Return the files that an error names."""
    return error.filename, error.filename2


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    """Until then what had the name stays as it was."""
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")
    part = Part(path)
    part.write(0, b"abcdef")
    part.write(3, b"xy")
    assert path.read_bytes() == b"old"
    part.finish(5)
    assert path.read_bytes() == b"abcxy"
    part.discard()
    assert [*tmp_path.iterdir()] == [path]


def test_beginning_again_forgets_what_came(tmp_path: Path) -> None:
    """A file that is shorter the second time has nothing of the first at its end."""
    part = Part(tmp_path / "a")
    part.write(0, b"abcdef")
    part.write(0, b"xy")
    part.finish(2)
    assert (tmp_path / "a").read_bytes() == b"xy"


@pytest.mark.parametrize("letter", ["a", "é", "🎬"])
def test_the_longest_name_that_there_may_be_is_not_too_long(tmp_path: Path, letter: str) -> None:
    """Where a file of the name can be made, it can be downloaded."""
    path = tmp_path / (letter * (255 // len(letter.encode())))
    part = Part(path)
    part.write(0, b"whole")
    part.finish(5)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {path.name: b"whole"}


def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    """Nothing was written, or what was written is void."""
    part = Part(tmp_path / "a")
    part.write(0, b"abc")
    part.finish(0)
    assert (tmp_path / "a").read_bytes() == b""


def test_two_at_once_do_not_write_into_one_file(tmp_path: Path) -> None:
    """The one that is whole last has the name."""
    one, other = Part(tmp_path / "a"), Part(tmp_path / "a")
    one.write(0, b"one")
    other.write(0, b"other")
    other.finish(5)
    one.finish(3)
    assert (tmp_path / "a").read_bytes() == b"one"


def test_what_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    """Discarding, also again, removes the part."""
    part = Part(tmp_path / "a")
    part.write(0, b"abc")
    part.discard()
    part.discard()
    assert [*tmp_path.iterdir()] == []


def test_a_place_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    """A folder in its place, or a folder that is not there, is an error before anything is sent."""
    with pytest.raises(IsADirectoryError):
        Part(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        Part(tmp_path / "missing" / "a")
    assert told(caught.value) == (str(tmp_path / "missing" / "a"), None)


def test_what_fails_later_is_told_of_the_file_that_was_asked_for(tmp_path: Path) -> None:
    """The part's name, which is drawn at random, tells nobody anything."""
    folder, path = tmp_path / "films", tmp_path / "films" / "a.mp4"
    folder.mkdir()
    part = Part(path)
    part.write(0, b"abc")
    shutil.rmtree(folder)
    with pytest.raises(OSError, match="No such file") as caught:
        part.finish(3)
    assert told(caught.value) == (str(path), None)
    assert ".part" not in str(caught.value)
    folder.touch()
    with pytest.raises(OSError, match="Not a directory") as caught:
        part.discard()
    assert told(caught.value) == (str(path), None)
