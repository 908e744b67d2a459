"""The groups for code that does not await."""

from __future__ import annotations

from typing import Final

from telnyx_video.client._sync import Twin, blocking, blocking_download, blocking_list
from telnyx_video.resources.compositions import AsyncCompositions
from telnyx_video.resources.participants import AsyncParticipants
from telnyx_video.resources.recordings import AsyncRecordings
from telnyx_video.resources.sessions import AsyncSessions

__all__ = ["Compositions", "Participants", "Recordings", "Sessions"]


class Sessions(Twin[AsyncSessions]):
    """Sessions: ``rooms.sessions``, as :class:`~telnyx_video.resources.sessions.AsyncSessions`."""

    list: Final = blocking_list(AsyncSessions.list)
    get: Final = blocking(AsyncSessions.get)
    end: Final = blocking(AsyncSessions.end)
    kick: Final = blocking(AsyncSessions.kick)
    mute: Final = blocking(AsyncSessions.mute)
    unmute: Final = blocking(AsyncSessions.unmute)
    participants: Final = blocking_list(AsyncSessions.participants)


class Participants(Twin[AsyncParticipants]):
    """Participants: as :class:`~telnyx_video.resources.participants.AsyncParticipants`."""

    list: Final = blocking_list(AsyncParticipants.list)
    get: Final = blocking(AsyncParticipants.get)


class Recordings(Twin[AsyncRecordings]):
    """Recordings: as :class:`~telnyx_video.resources.recordings.AsyncRecordings`."""

    list: Final = blocking_list(AsyncRecordings.list)
    get: Final = blocking(AsyncRecordings.get)
    download: Final = blocking_download(AsyncRecordings.download)
    delete: Final = blocking(AsyncRecordings.delete)
    delete_many: Final = blocking(AsyncRecordings.delete_many)


class Compositions(Twin[AsyncCompositions]):
    """Compositions: as :class:`~telnyx_video.resources.compositions.AsyncCompositions`."""

    list: Final = blocking_list(AsyncCompositions.list)
    create: Final = blocking(AsyncCompositions.create)
    get: Final = blocking(AsyncCompositions.get)
    download: Final = blocking_download(AsyncCompositions.download)
    delete: Final = blocking(AsyncCompositions.delete)
