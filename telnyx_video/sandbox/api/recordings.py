"""Recordings: view and delete, one or many.

Source: https://developers.telnyx.com/api-reference/room-recordings/view-a-list-of-room-recordings
Deleting many is published with the filters and pages of the list. It deletes all matching
recordings, or those on a page if a page is given. Unknown filters are refused here, unlike
elsewhere: ignoring one would delete recordings that it should keep.
"""

from telnyx_video.sandbox.api.calls import (
    Call,
    Operations,
    find,
    list_query,
    page_reply,
    with_generic_refusals,
)
from telnyx_video.sandbox.checks.parameters import (
    PAGE,
    RECORDINGS,
    check_list,
    check_no_other_filter,
)
from telnyx_video.sandbox.replies import RefusedError, Reply, document
from telnyx_video.sandbox.state.store import Store


def recording_operations(store: Store) -> Operations:
    """Return the operations on the recordings of a store."""
    recordings = store.recordings

    def list_recordings(call: Call, _: str) -> Reply:
        query = list_query(call, RECORDINGS)
        found, total = recordings.page(query)
        files = call.files
        return page_reply(query, (recording.as_json(files) for recording in found), total)

    def view(call: Call, subject: str) -> Reply:
        recording = find("recording", recordings.get, subject)
        return document(200, {"data": recording.as_json(call.files)})

    def delete(_: Call, subject: str) -> Reply:
        recordings.delete(find("recording", recordings.get, subject).id)
        return Reply(204)

    def delete_many(call: Call, _: str) -> Reply:
        try:
            query = check_list(call.query, RECORDINGS)
            check_no_other_filter(call.query, RECORDINGS)
        except RefusedError as error:
            raise RefusedError(422, *error.problems) from error
        one_page = not PAGE.isdisjoint(call.query)
        count = store.delete_recordings(query, one_page=one_page)
        return document(201, {"data": {"room_recordings": count}})

    return {
        "GET /room_recordings": with_generic_refusals(list_recordings),
        "DELETE /room_recordings": delete_many,
        "GET /room_recordings/{id}": view,
        "DELETE /room_recordings/{id}": delete,
    }
