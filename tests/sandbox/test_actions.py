"""The four actions on a session: on everyone in it, on some, and on all but some."""

from typing import Any

import attrs
import pytest

from sandbox.api_driver import UNKNOWN_ID, ApiDriver, Clock


@attrs.frozen
class Party:
    """A session with three participants, and a fourth who has left."""

    driver: ApiDriver
    room: Any
    members: list[Any]

    @property
    def path(self) -> str:
        """The path of the session."""
        return f"/room_sessions/{self.members[0]['session_id']}"

    def act(self, action: str, content: object = None) -> Any:
        """Perform an action on the session."""
        return self.driver.call("POST", f"{self.path}/actions/{action}", content)

    def ids(self, *numbers: int) -> list[str]:
        """Return the ids of these participants."""
        return [self.members[number]["id"] for number in numbers]

    def numbers(self, field: str) -> list[int]:
        """Return the numbers of the participants with a value in a field."""
        listed = self.driver.call("GET", "//_sandbox/participants").body["participants"]
        return [number for number, member in enumerate(listed) if member.get(field)]


@pytest.fixture
def party(driver: ApiDriver) -> Party:
    room = driver.room()
    members = [driver.join(room) for _ in range(4)]
    driver.leave(room, members[3])
    return Party(driver, room, members)


CHOICES: list[tuple[object, list[int], list[int]]] = [
    ("all", [], [0, 1, 2]),
    ("all", [1], [0, 2]),
    ("all", [3], [0, 1, 2]),
    ("all", [0, 1, 2], []),
    ([0], [], [0]),
    ([0, 2, 0], [], [0, 2]),
    ([0, 1], [1], [0]),
    ([], [], []),
]


@pytest.mark.parametrize(("chosen", "exclude", "meant"), CHOICES)
@pytest.mark.parametrize("action", ["kick", "mute"])
def test_an_action_applies_to_the_selected_participants(
    party: Party, clock: Clock, action: str, chosen: Any, exclude: list[int], meant: list[int]
) -> None:
    """It applies to everyone present or those listed, without those excluded."""
    clock.advance(1)
    participants = chosen if chosen == "all" else party.ids(*chosen)
    wanted = {"participants": participants, "exclude": party.ids(*exclude)}
    answer = party.act(action, wanted)
    assert (answer.status, answer.body) == (200, {"data": {"result": "ok"}})
    if action == "mute":
        assert party.numbers("muted") == meant
    else:
        assert party.numbers("left_at") == [*meant, 3]
    active = party.driver.data("GET", party.path)["active"]
    assert active is not (action == "kick" and meant == [0, 1, 2])


def test_unmute_reverts_mute(party: Party, clock: Clock) -> None:
    """Each shows as an update of the participant."""
    before = party.members[0]["updated_at"]
    clock.advance(1)
    party.act("mute", {"participants": "all"})
    assert party.act("unmute", {"participants": party.ids(0)}).status == 200
    assert party.numbers("muted") == [1, 2]
    assert party.driver.data("GET", f"/room_participants/{party.ids(0)[0]}")["updated_at"] > before


def test_end_removes_every_participant(party: Party) -> None:
    """The session and every stay have ended; a second end is refused."""
    answer = party.act("end")
    assert (answer.status, answer.body) == (200, {"data": {"result": "ok"}})
    assert party.driver.data("GET", party.path)["active"] is False
    assert party.numbers("left_at") == [0, 1, 2, 3]
    again = party.act("end")
    assert (again.status, again.body["success"]) == (422, False)
    assert again.body["message"].endswith("has ended.")


@pytest.mark.parametrize("action", ["kick", "mute", "unmute"])
@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"participants": "some"}, "participants"),
        ({"participants": ["alice"]}, "participants"),
        ({"participants": "all", "exclude": "all"}, "exclude"),
        ({"participants": "all", "exclude": [7]}, "exclude"),
        ({"participants": [UNKNOWN_ID]}, UNKNOWN_ID),
        ([], "object"),
    ],
)
def test_an_invalid_selection_is_refused(
    party: Party, action: str, content: object, named: str
) -> None:
    """The message, in the format published for actions, names the field; nothing is changed."""
    answer = party.act(action, content)
    assert answer.status == 422
    assert answer.body.keys() == {"success", "message"}
    assert named in answer.body["message"]
    assert party.numbers("left_at") == [3]
    assert party.numbers("muted") == []


def test_a_participant_who_left_cannot_be_selected(party: Party) -> None:
    """A request that names a participant who left is refused as a whole."""
    answer = party.act("kick", {"participants": party.ids(0, 3)})
    assert answer.status == 422
    assert party.ids(3)[0] in answer.body["message"]
    assert party.numbers("left_at") == [3]


@pytest.mark.parametrize("action", ["end", "kick", "mute", "unmute"])
@pytest.mark.parametrize("session_id", [UNKNOWN_ID, "x"])
def test_an_unknown_session_is_not_found(driver: ApiDriver, action: str, session_id: str) -> None:
    """The actions answer 404 in their own format."""
    path = f"/room_sessions/{session_id}/actions/{action}"
    answer = driver.call("POST", path, {"participants": "all"})
    assert (answer.status, answer.body.keys()) == (404, {"success", "message"})


def test_actions_accept_no_key_but_refuse_a_wrong_one(party: Party) -> None:
    """They are published without security."""
    path = f"{party.path}/actions/mute"
    content = {"participants": "all"}
    assert party.driver.call("POST", path, content, key=None).status == 200
    assert party.driver.call("POST", path, content, key="wrong").status == 401
    assert party.driver.call("GET", party.path, key=None).status == 401
