"""Who an action on a session is for.

Source: https://developers.telnyx.com/api-reference/room-sessions/kick-participants-from-a-room-session
"""

from collections.abc import Mapping
from typing import cast

import attrs

from telnyx_video.sandbox.checks.bodies import problem_at
from telnyx_video.sandbox.checks.values import is_uuid
from telnyx_video.sandbox.replies import Problem


@attrs.frozen
class Chosen:
    """Participants by their ids, in lower case."""

    participants: tuple[str, ...] | None
    """None is all who are present."""
    exclude: tuple[str, ...] = ()
    """Who is not meant after all."""


def check_choice(body: Mapping[str, object]) -> tuple[Chosen, list[Problem]]:
    """Return who an action is for, and what is wrong with that.

    The published schema requires neither field; here `participants` is, since an action for
    nobody in particular is a mistake.
    """
    problems: list[Problem] = []
    wanted, exclude = body.get("participants"), body.get("exclude", [])
    if wanted != "all" and not _are_ids(wanted):
        problems.append(problem_at('must be "all" or a list of UUIDs', "participants"))
    if not _are_ids(exclude):
        problems.append(problem_at("must be a list of UUIDs", "exclude"))
    return Chosen(None if wanted == "all" else _ids(wanted), _ids(exclude)), problems


def _are_ids(value: object) -> bool:
    return isinstance(value, list) and all(map(is_uuid, cast("list[object]", value)))


def _ids(value: object) -> tuple[str, ...]:
    if not _are_ids(value):
        return ()
    return tuple(item.lower() for item in cast("list[str]", value))
