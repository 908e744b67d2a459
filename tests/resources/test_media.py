"""Recordings and compositions: listed, read, created and deleted, against the sandbox."""

from datetime import UTC, date, datetime

import pytest

from support.sessions import Session
from telnyx_video import AsyncRoomsClient, InvalidRequestError, NotFoundError
from telnyx_video.models import (
    CompositionFormat,
    CompositionStatus,
    CreateCompositionRequest,
    DateRange,
    RecordingStatus,
    RecordingType,
    VideoRegion,
)
from telnyx_video.sandbox import Sandbox


def today() -> date:
    """The day by which the sandbox filters."""
    return datetime.now(UTC).date()


async def test_recordings_are_filtered(rooms: AsyncRoomsClient, session: Session) -> None:
    """Each participant has one of audio and one of video; every filter narrows the list."""
    everything = [one async for one in rooms.recordings.list(room_id=session.room_id)]
    assert len(everything) == 4
    assert {one.status for one in everything} == {RecordingStatus.PROCESSING}
    await rooms.sessions.end(session.session_id)
    (of_bob,) = [
        one
        async for one in rooms.recordings.list(
            session_id=session.session_id,
            participant_id=session.bob,
            type=RecordingType.VIDEO,
            status=RecordingStatus.COMPLETED,
            min_duration_secs=0,
            started_at=today(),
            ended_at=DateRange(gte=today()),
            page_size=1,
        )
    ]
    assert of_bob == await rooms.recordings.get(of_bob.id)
    assert (of_bob.participant_id, of_bob.type) == (session.bob, "video")
    assert [one async for one in rooms.recordings.list(min_duration_secs=3600)] == []


async def test_recordings_are_deleted_one_by_one_or_in_bulk(
    sandbox: Sandbox, rooms: AsyncRoomsClient, session: Session
) -> None:
    """A bulk deletion returns how many there were; without a filter it is refused unsent."""
    await rooms.sessions.end(session.session_id)
    first = await anext(aiter(rooms.recordings.list()))
    await rooms.recordings.delete(first.id)
    with pytest.raises(NotFoundError):
        await rooms.recordings.get(first.id)
    with pytest.raises(NotFoundError):
        await rooms.recordings.delete(first.id)
    with pytest.raises(InvalidRequestError, match="every recording"):
        await rooms.recordings.delete_many()
    assert sandbox.requests["DELETE /v2/room_recordings"] == 0
    assert await rooms.recordings.delete_many(participant_id=session.bob) == 2
    assert await rooms.recordings.delete_many(session_id=session.session_id, page_size=1) == 1
    assert [one async for one in rooms.recordings.list()] == []
    assert await rooms.recordings.delete_many(session_id=session.session_id) == 0


async def test_a_composition_is_created_read_listed_and_deleted(
    rooms: AsyncRoomsClient, session: Session
) -> None:
    """From fields or from a request; the result is as requested."""
    await rooms.sessions.end(session.session_id)
    made = await rooms.compositions.create(
        session_id=session.session_id,
        format=CompositionFormat.MP4,
        resolution="800x600",
        video_layout={"first": VideoRegion(width=480, height=360, video_sources="*")},
    )
    assert (made.session_id, made.resolution) == (session.session_id, "800x600")
    assert made.video_layout is not None
    assert made.video_layout["first"].width == 480
    request = CreateCompositionRequest(session_id=session.session_id)
    again = await rooms.compositions.create(request)
    assert await rooms.compositions.get(again.id) == again
    listed = [
        one.id
        async for one in rooms.compositions.list(
            session_id=session.session_id, status=CompositionStatus.COMPLETED, created_at=today()
        )
    ]
    assert sorted(listed) == sorted([made.id, again.id])
    await rooms.compositions.delete(made.id)
    with pytest.raises(NotFoundError):
        await rooms.compositions.get(made.id)


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (CreateCompositionRequest(), {"session_id": "a"}),
        ("a", {}),
        (None, {"resolution": "1x1"}),
        (None, {"video_layout": {"first": VideoRegion(width=1)}}),
    ],
    ids=["both", "neither", "a bound", "a region"],
)
async def test_an_invalid_composition_is_refused_unsent(
    sandbox: Sandbox, rooms: AsyncRoomsClient, request_: object, fields: dict[str, object]
) -> None:
    """Either a request or fields, all within their bounds."""
    with pytest.raises(InvalidRequestError):
        await rooms.compositions.create(request_, **fields)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # the point
    assert sandbox.requests == {}


async def test_a_resource_is_always_the_same_object(rooms: AsyncRoomsClient) -> None:
    """Resources can be passed around."""
    assert rooms.recordings is rooms.recordings
    assert rooms.compositions is rooms.compositions
