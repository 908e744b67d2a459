"""Requests for recordings, and for the compositions made of them."""

from __future__ import annotations

from datetime import date

from telnyx_video._base.http import HttpRequest
from telnyx_video._base.json import dumps
from telnyx_video._wire import MAX_PAGE_SIZE
from telnyx_video._wire.build.query import Query, object_path
from telnyx_video.errors import ErrorDetail
from telnyx_video.models import (
    UNSET,
    CreateCompositionRequest,
    DateRange,
    RecordingFilters,
    Unset,
)
from telnyx_video.models._codec import unstructure_request


def get_recording(recording_id: str) -> HttpRequest:
    """``GET /room_recordings/{room_recording_id}``."""
    return HttpRequest(
        "recordings.get", "GET", object_path("room_recordings", "recording_id", recording_id)
    )


def delete_recording(recording_id: str) -> HttpRequest:
    """``DELETE /room_recordings/{room_recording_id}``."""
    return HttpRequest(
        "recordings.delete", "DELETE", object_path("room_recordings", "recording_id", recording_id)
    )


def list_recordings(
    filters: RecordingFilters, *, page_number: int = 1, page_size: int = MAX_PAGE_SIZE
) -> HttpRequest:
    """``GET /room_recordings``: one page of the list."""
    query = _recordings(filters)
    query.page(page_number, page_size)
    return HttpRequest("recordings.list", "GET", query.after("/room_recordings"))


def delete_recordings(
    filters: RecordingFilters,
    *,
    page_number: int | Unset = UNSET,
    page_size: int | Unset = UNSET,
) -> HttpRequest:
    """``DELETE /room_recordings``: those that pass the filters, of which there must be one."""
    query = _recordings(filters)
    if not query.filters and not query.problems:
        problem = "must be at least one: without any, every recording would be deleted"
        query.problems.append(ErrorDetail(problem, code="empty", parameter="filter"))
    query.page(page_number, page_size)
    return HttpRequest("recordings.delete_many", "DELETE", query.after("/room_recordings"))


def _recordings(filters: RecordingFilters) -> Query:
    # A misspelt one must not be passed over: without it more would be listed, or deleted.
    unknown = filters.keys() - RecordingFilters.__annotations__.keys()
    if unknown:
        raise TypeError(f"there is no such filter of recordings: {', '.join(sorted(unknown))}")
    query = Query()
    query.identifier("room_id", filters.get("room_id", UNSET))
    query.identifier("session_id", filters.get("session_id", UNSET))
    query.identifier("participant_id", filters.get("participant_id", UNSET))
    query.text("status", filters.get("status", UNSET))
    query.text("type", filters.get("type", UNSET))
    query.least("min_duration_secs", filters.get("min_duration_secs", UNSET), "duration_secs")
    query.days("started_at", filters.get("started_at", UNSET))
    query.days("ended_at", filters.get("ended_at", UNSET))
    return query


def create_composition(request: CreateCompositionRequest) -> HttpRequest:
    """``POST /room_compositions``."""
    return HttpRequest(
        "compositions.create", "POST", "/room_compositions", dumps(unstructure_request(request))
    )


def get_composition(composition_id: str) -> HttpRequest:
    """``GET /room_compositions/{room_composition_id}``."""
    return HttpRequest(
        "compositions.get",
        "GET",
        object_path("room_compositions", "composition_id", composition_id),
    )


def delete_composition(composition_id: str) -> HttpRequest:
    """``DELETE /room_compositions/{room_composition_id}``."""
    return HttpRequest(
        "compositions.delete",
        "DELETE",
        object_path("room_compositions", "composition_id", composition_id),
    )


def list_compositions(
    *,
    session_id: str | Unset = UNSET,
    status: str | Unset = UNSET,
    created_at: date | DateRange | Unset = UNSET,
    page_number: int = 1,
    page_size: int = MAX_PAGE_SIZE,
) -> HttpRequest:
    """``GET /room_compositions``: one page of the list."""
    query = Query()
    query.identifier("session_id", session_id)
    query.text("status", status)
    query.days("created_at", created_at)
    query.page(page_number, page_size)
    return HttpRequest("compositions.list", "GET", query.after("/room_compositions"))
