"""Compositions: create, view and delete.

Source: https://developers.telnyx.com/api-reference/room-compositions/create-a-room-composition
A session that is still active can be composed: the result shows it up to now. The published
schema does not require a session: without one, the composition is empty.
"""

from collections.abc import Mapping

from telnyx_video.sandbox.api.calls import (
    Call,
    Operations,
    find,
    list_query,
    object_in,
    page_reply,
    with_generic_refusals,
)
from telnyx_video.sandbox.checks.bodies import (
    COMPOSITION,
    WEBHOOKS,
    Layout,
    check_fields,
    check_layout,
    defaults,
    problem_at,
)
from telnyx_video.sandbox.checks.parameters import COMPOSITIONS
from telnyx_video.sandbox.replies import RefusedError, Reply, document
from telnyx_video.sandbox.state.records import Composition, Session
from telnyx_video.sandbox.state.store import Store

_DEFAULTS = defaults(COMPOSITION)
_KEPT = ("resolution", *WEBHOOKS)


def composition_operations(store: Store) -> Operations:
    """Return the operations on the compositions of a store."""
    compositions = store.compositions

    def shown(composition: Composition, call: Call) -> dict[str, object]:
        return composition.as_json(call.files, store.database.now())

    def create(call: Call, _: str) -> Reply:
        session, settings, layout = _requested(store, object_in(call))
        composition = compositions.create(session, settings, layout)
        return document(202, {"data": shown(composition, call)})

    def list_compositions(call: Call, _: str) -> Reply:
        query = list_query(call, COMPOSITIONS)
        found, total = compositions.table.page(query)
        return page_reply(query, (shown(composition, call) for composition in found), total)

    def view(call: Call, subject: str) -> Reply:
        composition = find("composition", compositions.table.get, subject)
        return document(200, {"data": shown(composition, call)})

    def delete(_: Call, subject: str) -> Reply:
        compositions.delete(find("composition", compositions.table.get, subject).id)
        return Reply(204)

    return {
        "GET /room_compositions": with_generic_refusals(list_compositions),
        "POST /room_compositions": create,
        "GET /room_compositions/{id}": view,
        "DELETE /room_compositions/{id}": delete,
    }


def _requested(
    store: Store, body: Mapping[str, object]
) -> tuple[Session | None, dict[str, object], Layout | None]:
    """Return the session to compose, the settings and the layout, or refuse the body."""
    settings, problems = check_fields(body, COMPOSITION)
    session = _session(store, settings)
    if session is None and "session_id" in settings:
        problems.append(problem_at("is not the id of a session", "session_id"))
    layout = None
    if "video_layout" in body:
        videos = [] if session is None else _videos(store, session)
        layout, flaws = check_layout(body["video_layout"], videos)
        problems += flaws
    if problems:
        raise RefusedError(422, *problems)
    chosen = {**_DEFAULTS, **settings}
    return session, {name: chosen[name] for name in _KEPT}, layout


def _session(store: Store, settings: Mapping[str, object]) -> Session | None:
    return store.sessions.table.get(str(settings.get("session_id")).lower())


def _videos(store: Store, session: Session) -> list[str]:
    found = store.recordings.where("session_id = ? AND type = 'video'", session.id)
    return [recording.id for recording in found]
