"""Requests for recordings and compositions: exact paths, queries and bodies."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from support.words import short
from telnyx_video import InvalidRequestError
from telnyx_video._base.http import HttpRequest
from telnyx_video._wire.requests import (
    create_composition,
    delete_composition,
    delete_recording,
    delete_recordings,
    get_composition,
    get_recording,
    list_compositions,
    list_recordings,
)
from telnyx_video.models import (
    CompositionFormat,
    CompositionStatus,
    CreateCompositionRequest,
    DateRange,
    RecordingFilters,
    RecordingStatus,
    RecordingType,
    VideoRegion,
)
from wire.served import split

ID = "7b61621f-62e0-4aad-ab11-9fd19e272e73"
PAGE = {"page[number]": "1", "page[size]": "250"}
DAY = date(2024, 2, 29)

FILTERS: RecordingFilters = {
    "room_id": "r",
    "session_id": "s",
    "participant_id": "p",
    "status": RecordingStatus.COMPLETED,
    "type": RecordingType.AUDIO,
    "min_duration_secs": 0,
    "started_at": DAY,
    "ended_at": DateRange(DAY, DAY),
}
WRITTEN = {
    "filter[room_id]": "r",
    "filter[session_id]": "s",
    "filter[participant_id]": "p",
    "filter[status]": "completed",
    "filter[type]": "audio",
    "filter[duration_secs]": "0",
    "filter[date_started_at][eq]": "2024-02-29",
    "filter[date_ended_at][gte]": "2024-02-29",
    "filter[date_ended_at][lte]": "2024-02-29",
}


def delete_many(filters: Any, **arguments: Any) -> HttpRequest:
    """Delete recordings as an unchecked caller would."""
    return delete_recordings(filters, **arguments)


def test_recordings_are_listed_and_deleted_by_the_same_filters() -> None:
    """Every documented filter has the API's name; a deletion has no page by default."""
    assert split(list_recordings(FILTERS)) == ("GET", "/room_recordings", WRITTEN | PAGE)
    assert split(delete_recordings(FILTERS)) == ("DELETE", "/room_recordings", WRITTEN)
    assert split(list_recordings({}, page_number=2, page_size=1)) == (
        "GET",
        "/room_recordings",
        {"page[number]": "2", "page[size]": "1"},
    )


def test_a_deletion_can_name_its_page() -> None:
    """A bulk deletion accepts the paging parameters of the API."""
    request = delete_recordings({"type": "audio"}, page_number=2, page_size=50)
    page = {"page[number]": "2", "page[size]": "50"}
    assert split(request) == ("DELETE", "/room_recordings", {"filter[type]": "audio"} | page)


@pytest.mark.parametrize("filters", [{}, {"started_at": DateRange()}], ids=short)
def test_a_deletion_without_a_filter_is_refused(filters: RecordingFilters) -> None:
    """A bulk deletion without a filter would empty the account, so it is refused."""
    with pytest.raises(InvalidRequestError, match="every recording would be deleted"):
        delete_recordings(filters, page_size=10)


@pytest.mark.parametrize("build", [list_recordings, delete_many], ids=["list", "delete"])
def test_a_misspelt_filter_is_refused(build: Callable[..., HttpRequest]) -> None:
    """Without it a deletion would match more recordings."""
    with pytest.raises(TypeError, match="no filter 'sesion_id'; did you mean session_id"):
        build({"type": "audio", "sesion_id": "a"})


@pytest.mark.parametrize("build", [list_recordings, delete_many], ids=["list", "delete"])
def test_filters_that_cannot_be_sent_are_refused(build: Callable[..., HttpRequest]) -> None:
    """One error lists every problem, and no request is built."""
    wrong: dict[str, object] = {
        "room_id": "a/b",
        "session_id": 7,
        "participant_id": None,
        "status": "",
        "type": None,
        "min_duration_secs": -1,
        "started_at": "today",
        "ended_at": None,
    }
    with pytest.raises(InvalidRequestError) as caught:
        build(wrong, page_number=0, page_size=0)
    found = [problem.field for problem in caught.value.details]
    assert found == [*wrong, "page_number", "page_size"]


def test_a_get_and_a_delete_have_a_path_only() -> None:
    """Recordings and compositions each have their own collection."""
    assert get_recording(ID) == HttpRequest("recordings.get", "GET", f"/room_recordings/{ID}", None)
    assert delete_recording(ID) == HttpRequest(
        "recordings.delete", "DELETE", f"/room_recordings/{ID}", None
    )
    assert get_composition(ID) == HttpRequest(
        "compositions.get", "GET", f"/room_compositions/{ID}", None
    )
    assert delete_composition(ID) == HttpRequest(
        "compositions.delete", "DELETE", f"/room_compositions/{ID}", None
    )


@pytest.mark.parametrize("object_id", ["", "..", "a/b", None])
@pytest.mark.parametrize(
    "build", [get_recording, delete_recording, get_composition, delete_composition]
)
def test_an_invalid_id_is_refused(build: Callable[..., HttpRequest], object_id: Any) -> None:
    """No id can change the resource of a request, least of all of a delete."""
    with pytest.raises(InvalidRequestError, match="_id: must be"):
        build(object_id)


def test_compositions_are_listed_by_every_documented_filter() -> None:
    """Session, status and day, under the API's names."""
    request = list_compositions(
        session_id="s", status=CompositionStatus.ENQUEUED, created_at=DateRange(lte=DAY)
    )
    assert split(request) == (
        "GET",
        "/room_compositions",
        {
            "filter[session_id]": "s",
            "filter[status]": "enqueued",
            "filter[date_created_at][lte]": "2024-02-29",
        }
        | PAGE,
    )
    with pytest.raises(InvalidRequestError, match=r"session_id: .*; status: .*; created_at: "):
        list_compositions(session_id="", status="", created_at="x")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # the point


def test_a_composition_sends_the_fields_that_are_set() -> None:
    """Unset fields are left out, None is null, and regions are sent unchanged."""
    request = CreateCompositionRequest(
        session_id="s",
        format=CompositionFormat.MP4,
        resolution="800x600",
        video_layout={
            "first": VideoRegion(width=480, height=360, video_sources="*"),
            "second": VideoRegion(x_pos=0, video_sources=["a", "b"]),
        },
        webhook_timeout_secs=None,
    )
    built = create_composition(request)
    assert (built.method, built.path) == ("POST", "/room_compositions")
    assert json.loads(built.body or b"") == {
        "session_id": "s",
        "format": "mp4",
        "resolution": "800x600",
        "video_layout": {
            "first": {"width": 480, "height": 360, "video_sources": ["*"]},
            "second": {"x_pos": 0, "video_sources": ["a", "b"]},
        },
        "webhook_timeout_secs": None,
    }
    assert create_composition(CreateCompositionRequest()).body == b"{}"
