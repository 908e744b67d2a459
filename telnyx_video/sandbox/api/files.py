"""The files behind `download_url`, whole or in part (RFC 9110, section 14).

Telnyx serves them from another server, to which a client must not send its key. Here no key is
needed, and the stats count downloads that came with one.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b

from telnyx_video.sandbox.api.calls import Call, Operations
from telnyx_video.sandbox.checks.values import is_uuid
from telnyx_video.sandbox.media import recording_file, video_file
from telnyx_video.sandbox.replies import Code, Problem, RefusedError, Reply
from telnyx_video.sandbox.routes import DOWNLOAD
from telnyx_video.sandbox.state.store import Store

_RANGE = re.compile(r"bytes=\s*([0-9]{0,15})-([0-9]{0,15})\s*")
_MEDIA_TYPES = {"ogg": "audio/ogg", "mp4": "video/mp4"}


def file_operations(store: Store) -> Operations:
    """Return the operation that serves files."""

    def download(call: Call, subject: str) -> Reply:
        content, media_type = _found(store, subject)
        return partial(call.headers, content, media_type)

    return {DOWNLOAD: download}


def _found(store: Store, name: str) -> tuple[bytes, str]:
    """Return a file and its media type."""
    subject, _, extension = name.partition(".")
    content = _content(store, subject, name) if is_uuid(subject) else None
    if content is None:
        raise RefusedError(404, Problem(Code.NOT_FOUND, f"The file {name} does not exist."))
    return content, _MEDIA_TYPES[extension]


def _content(store: Store, subject: str, name: str) -> bytes | None:
    recording = store.recordings.get(subject)
    if recording is not None and recording.file_name == name:
        seconds = recording.duration_secs
        return None if seconds is None else recording_file(subject, recording.type, seconds)
    composition = store.compositions.table.get(subject)
    if composition is not None and composition.file_name == name:
        complete = composition.is_complete(store.database.now())
        return video_file(subject, composition.duration_secs) if complete else None
    return None


def partial(headers: Mapping[str, str], content: bytes, media_type: str) -> Reply:
    """Return the requested part of a file: one range of bytes, or the whole file.

    Several ranges are answered with the whole file, as a server may.

    Args:
        headers: Of the request.
        content: The file.
        media_type: Its media type.
    """
    size = len(content)
    tag = f'"{blake2b(content, digest_size=12).hexdigest()}"'
    common = {"Accept-Ranges": "bytes", "ETag": tag}
    wanted = headers.get("Range")
    # A validator other than this tag, such as a date, is of another version of the file.
    if wanted is None or headers.get("If-Range", tag) != tag:
        return Reply(200, content, common, media_type)
    part = _part(wanted, size)
    if part is None:
        return Reply(200, content, common, media_type)
    if not part:
        return Reply(416, b"", {**common, "Content-Range": f"bytes */{size}"})
    common["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return Reply(206, content[part.start : part.stop], common, media_type)


def _part(wanted: str, size: int) -> range | None:
    """Return the requested range of bytes, or None if it cannot be parsed."""
    found = _RANGE.fullmatch(wanted)
    first, last = found.groups() if found else ("", "")
    if first and last and int(first) > int(last):
        return None
    if first:
        return range(int(first), min(int(last) + 1, size) if last else size)
    if last:
        return range(max(0, size - int(last)), size)
    return None
