"""A job: its manifest, the parts that are done, its outcomes and their summary.

In the folder of the output:

- ``manifest.json``: the job's name, its server, and the digest of its input and the parts' borders
- ``begun/PART.json``: when the part was first begun
- ``outcomes/PART.jsonl``: a line for each row; a part with this file is done
- ``summaries/PART.json``: the numbers of these outcomes
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import cast

import attrs

from telnyx_video.batch.outcome import CreateStatus
from telnyx_video.errors import ConfigurationError
from telnyx_video.provisioning.inputs import PART_ROWS, FilePart, Part, cut
from telnyx_video.provisioning.storage import Storage, publish, storage

MANIFEST = "manifest.json"

_SAID = {
    "job": "the job {!r}",
    "server": "the server {}",
    "input": "an input with the digest {:.12}",
    "parts": "{} parts",
    "rows": "{} rows",
}


@attrs.define
class Summary:
    """How many rooms a part or a job has, and how many are missing.

    ``present``, ``failed`` and ``unknown`` are always exact. How ``present`` divides into ``made``,
    ``existed`` and ``recovered`` is exact if nothing was killed. In a part that was begun more than
    once, rooms that are not older than its first attempt count as ``recovered``; ``begun_again``
    is the number of such parts.
    """

    made: int = 0
    """Rooms made, according to a reply."""
    existed: int = 0
    """Rooms that were there before."""
    recovered: int = 0
    """Rooms made by this job whose reply was lost, found by looking them up."""
    unreadable: int = 0
    """Rooms that were certainly made, with a reply that could not be read in full."""
    failed: int = 0
    """Rows for which no room was made."""
    unknown: int = 0
    """Rows for which a room may have been made."""
    begun_again: int = 0
    """Parts that were begun more than once."""

    @property
    def present(self) -> int:
        """Rows whose room exists."""
        return self.made + self.existed + self.recovered + self.unreadable

    @property
    def missing(self) -> int:
        """Rows whose room does not exist, or may not."""
        return self.failed + self.unknown

    @property
    def rows(self) -> int:
        """Rows with an outcome."""
        return self.present + self.missing

    def count(self, status: CreateStatus) -> None:
        """Add a row with this outcome."""
        setattr(self, status, getattr(self, status) + 1)

    def add(self, other: Summary) -> None:
        """Add another summary."""
        for name, value in other.to_dict().items():
            setattr(self, name, getattr(self, name) + value)

    def to_dict(self) -> dict[str, int]:
        """The numbers by their names, without those that are sums of others."""
        return attrs.asdict(self)

    def __str__(self) -> str:
        unreadable = f", {self.unreadable:,} unreadable" if self.unreadable else ""
        text = (
            f"{self.present:,} of {self.rows:,} rooms present: {self.made:,} made, "
            f"{self.existed:,} existed, {self.recovered:,} recovered{unreadable}; "
            f"{self.failed:,} failed, {self.unknown:,} unknown"
        )
        if self.begun_again:
            text += (
                f"; {self.begun_again:,} parts were begun more than once: their recovered rooms "
                "are those that are not older than the first attempt"
            )
        return text


class Job:
    """An input cut into parts, and the folder of its outcomes.

    Args:
        parts: The parts, in order.
        output: The folder, as a path or a URL that fsspec knows.
        job: The job's name, from which rows without a name get theirs.
        server: The base URL of the API.

    Raises:
        ConfigurationError: the folder holds another job, or the same job with another input,
            other parts or another server.
        OSError: the folder cannot be written.
    """

    def __init__(
        self, parts: Sequence[Part], *, output: str | os.PathLike[str], job: str, server: str
    ) -> None:
        self.name = job
        self.server = server
        self.output: str = os.fspath(output)
        self.parts: tuple[Part, ...] = tuple(parts)
        self.rows: int = sum(part.rows for part in parts)
        self._storage = storage(output)
        self._begin()

    @classmethod
    def of_files(
        cls,
        source: str | os.PathLike[str] | Iterable[str],
        *,
        output: str | os.PathLike[str],
        job: str,
        server: str,
        part_rows: int = PART_ROWS,
    ) -> Job:
        """Cut files into parts and begin the job, or continue it.

        Args:
            source: Paths, URLs or globs of CSV, JSON lines or Parquet files.
            output: As for the class.
            job: As for the class.
            server: As for the class.
            part_rows: Rooms of a part.

        Raises:
            ConfigurationError: as for the class; or there is no such file, or one that cannot be
                read as rooms.
            OSError: a file cannot be read, or the folder cannot be written.
        """
        return cls(cut(source, part_rows), output=output, job=job, server=server)

    @staticmethod
    def name_in(output: str | os.PathLike[str]) -> str | None:
        """The name of the job whose output this folder is, if there is one.

        Raises:
            OSError: the folder cannot be read.
        """
        manifest = storage(output).read(MANIFEST)
        return None if manifest is None else str(json.loads(manifest)["job"])

    @property
    def done(self) -> set[str]:
        """The names of the parts whose outcomes are published."""
        return {name.removesuffix(".jsonl") for name in self._storage.names("outcomes")}

    @property
    def summary(self) -> Summary:
        """The numbers of all parts that are done; ``rows`` are theirs, too."""
        total = Summary()
        for part in self._parts_done():
            total.add(read_summary(self._storage, part.name))
        return total

    def outcomes(self) -> Iterator[dict[str, object]]:
        """The outcome of each row of each part that is done, as its line in the file has it.

        Parts come in order, the rows of a part as they ended. ``status`` is one of
        :attr:`~telnyx_video.CreateOutcome.status`, ``index`` the row's place in the whole input,
        from 0, and ``line`` its line in ``file``, if the input is files.
        """
        for part in self._parts_done():
            yield from self._outcomes_of(part)

    def missing(self) -> Iterator[dict[str, object]]:
        """The outcomes of the rows without a room; reads only the parts that have some."""
        for part in self._parts_done():
            if read_summary(self._storage, part.name).missing:
                for outcome in self._outcomes_of(part):
                    if outcome["status"] in ("failed", "unknown"):
                        yield outcome

    def _parts_done(self) -> list[Part]:
        done = self.done
        return [part for part in self.parts if part.name in done]

    def _outcomes_of(self, part: Part) -> Iterator[dict[str, object]]:
        file = {"file": part.path} if isinstance(part, FilePart) else {}
        for line in self._storage.lines(outcomes_of(part.name)):
            yield json.loads(line) | file

    def _begin(self) -> None:
        hashed = sha256()
        for part in self.parts:
            hashed.update(f"{part.name} {part.first} {part.rows} {part.digest}\n".encode())
        manifest = {
            "job": self.name,
            "server": self.server,
            "input": hashed.hexdigest(),
            "parts": len(self.parts),
            "rows": self.rows,
        }
        content = json.dumps(manifest).encode()
        if publish(self._storage, MANIFEST, content):
            if publish(self._storage, MANIFEST, content):
                raise ConfigurationError(
                    f"{self.output} is in a store that overwrites objects when asked not to, so "
                    "two attempts at a part could both publish - update its fsspec package, or "
                    "choose another output; nothing was sent"
                )
            return
        found = cast("dict[str, object]", json.loads(self._storage.read(MANIFEST) or b"{}"))
        for key, said in _SAID.items():
            if found.get(key) != manifest[key]:
                raise ConfigurationError(
                    f"{self.output} is the output of {said.format(found.get(key))}, not of "
                    f"{said.format(manifest[key])} - choose another output; nothing was sent"
                )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {len(self.parts)} parts in {self.output}>"


def outcomes_of(name: str) -> str:
    """Where the outcomes of a part are."""
    return f"outcomes/{name}.jsonl"


def read_summary(folder: Storage, name: str) -> Summary:
    """The summary of a part that is done.

    It is published after the outcomes. A process that is killed in between leaves none; then it is
    made from the outcomes.
    """
    published = folder.read(f"summaries/{name}.json")
    if published is not None:
        return Summary(**json.loads(published))
    summary = Summary(begun_again=f"{name}.again.json" in folder.names("begun"))
    for line in folder.lines(outcomes_of(name)):
        summary.count(json.loads(line)["status"])
    publish_summary(folder, name, summary)
    return summary


def publish_summary(folder: Storage, name: str, summary: Summary) -> None:
    """Keep the summary of a part, for the next run."""
    publish(folder, f"summaries/{name}.json", json.dumps(summary.to_dict()).encode())
