"""The errors: their tree, their messages, and that all fields survive pickling."""

import copy
import pickle
from collections.abc import Callable

import pytest

from support.words import is_one_line, short
from telnyx_video import (
    ApiError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    CreateRoomRequest,
    ErrorDetail,
    InvalidRequestError,
    NameTakenError,
    NotFoundError,
    NotReadyError,
    Outcome,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimit,
    RateLimitError,
    RequestTimeoutError,
    ResponseDecodeError,
    Room,
    ServerError,
    TelnyxVideoError,
    TransportError,
    UnprocessableEntityError,
    WebhookVerificationError,
    errors,
)
from telnyx_video.errors import hint_at_base_url, outcome_of_status

DETAIL = ErrorDetail("is bad", "10015", "Bad request", "/unique_name", None, {"url": "x"})
FACTS = ((DETAIL,), "req-1", RateLimit(1, 2, 3.0, 4.0), b"\xff{}")
ROOM = Room(id="room-1", unique_name="standup", extra={"a": [1]}, null_fields=frozenset({"reply"}))

EXAMPLES: list[TelnyxVideoError] = [
    ConfigurationError("no API key - pass one"),
    InvalidRequestError((DETAIL, ErrorDetail("too long", pointer="/webhook_event_url"))),
    TransportError("cut off - try again", Outcome.UNKNOWN, False),
    RequestTimeoutError("too slow - try again", Outcome.UNKNOWN, True),
    ResponseDecodeError("unreadable - report it", Outcome.APPLIED, 201, "req-1", b"\xff", "room-1"),
    ApiError(418, *FACTS, Outcome.APPLIED),
    BadRequestError(400, *FACTS),
    AuthenticationError(401, *FACTS),
    PermissionDeniedError(403, *FACTS),
    NotFoundError(404, *FACTS),
    UnprocessableEntityError(422, *FACTS),
    NameTakenError(422, *FACTS, Outcome.NOT_APPLIED, ROOM),
    RateLimitError(429, *FACTS),
    ServerError(503, *FACTS, Outcome.NOT_APPLIED),
    NotReadyError("recording a has no file yet - ask again later", "processing"),
    OutcomeUnknownError(
        "it may exist - look", CreateRoomRequest(unique_name="x"), 3, ServerError(500, *FACTS)
    ),
    WebhookVerificationError("telnyx-timestamp is old - check the clock", "telnyx-timestamp"),
]


def by_pickle(protocol: int) -> Callable[[TelnyxVideoError], TelnyxVideoError]:
    """Return a function that pickles and unpickles with this protocol."""

    def travel(error: TelnyxVideoError) -> TelnyxVideoError:
        again: TelnyxVideoError = pickle.loads(pickle.dumps(error, protocol))
        return again

    return travel


JOURNEYS: dict[str, Callable[[TelnyxVideoError], TelnyxVideoError]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {number}": by_pickle(number) for number in range(pickle.HIGHEST_PROTOCOL + 1)},
}


def name_of(error: BaseException) -> str:
    """Return the name of the error's class."""
    return type(error).__name__


def facts_of(error: BaseException) -> dict[str, object]:
    """Return the fields of an error, comparable by value."""
    return {
        name: (type(value), facts_of(value)) if isinstance(value, BaseException) else value
        for name, value in vars(error).items()
    }


def drawn_tree() -> dict[str, str]:
    """Return the parent of each class in the drawing of the module's docstring."""
    parents: dict[str, str] = {}
    line_of_descent: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        left, _, rest = line.rpartition("── ")
        name = (rest or line).strip().partition(" ")[0]
        if not rest.strip() or not name.endswith("Error") or "``" in name:
            continue
        depth = (len(left) - 5) // 4 + 1 if left else 0
        line_of_descent[depth:] = [name]
        if depth:
            parents[name] = line_of_descent[depth - 1]
    return parents


def test_the_drawn_tree_of_errors_is_correct() -> None:
    """The drawing in the documentation matches the classes."""
    actual = {
        name: next(base.__name__ for base in cls.__mro__[1:] if base.__name__ in errors.__all__)
        for name in errors.__all__
        if issubclass(cls := getattr(errors, name), Exception) and cls is not TelnyxVideoError
    }
    assert drawn_tree() == actual
    assert set(actual) == set(map(name_of, EXAMPLES))


def test_two_errors_are_also_builtin_errors() -> None:
    """InvalidRequestError is a ValueError, and RequestTimeoutError a TimeoutError."""
    assert issubclass(InvalidRequestError, ValueError)
    assert issubclass(RequestTimeoutError, TimeoutError)
    assert not issubclass(TransportError, OSError)


@pytest.mark.parametrize("journey", JOURNEYS.values(), ids=JOURNEYS)
@pytest.mark.parametrize("error", EXAMPLES, ids=name_of)
def test_an_error_survives_copies_and_pickle(
    error: TelnyxVideoError, journey: Callable[[TelnyxVideoError], TelnyxVideoError]
) -> None:
    """Copies and pickles keep the class and all fields."""
    again = journey(error)
    assert type(again) is type(error)
    assert facts_of(again) == facts_of(error)
    assert (str(again), again.outcome) == (str(error), error.outcome)


def test_an_error_made_with_keywords_survives_pickle() -> None:
    """Errors made with keywords can be pickled, too."""
    error = NameTakenError(status=422, request_id="req-1", room=ROOM)
    assert facts_of(pickle.loads(pickle.dumps(error))) == facts_of(copy.deepcopy(error))
    assert facts_of(copy.copy(error)) == facts_of(error)


def test_notes_survive_pickle() -> None:
    """Notes survive pickling."""
    error = ServerError(503)
    error.add_note("while making the rooms of Monday")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["while making the rooms of Monday"]


@pytest.mark.parametrize("error", EXAMPLES, ids=name_of)
def test_an_error_is_one_line_with_advice(error: TelnyxVideoError) -> None:
    """`str`, `repr` and `message` have the same single line."""
    assert is_one_line(str(error))
    assert str(error) == error.message
    assert repr(error) == f"{name_of(error)}({error.message!r})"
    assert " - " in str(error) or str(error).startswith("nothing was sent: ")


@pytest.mark.parametrize("error", EXAMPLES, ids=name_of)
def test_errors_are_compared_by_identity(error: TelnyxVideoError) -> None:
    """Errors compare by identity and are hashable."""
    assert error != copy.copy(error)
    assert len({error, copy.copy(error)}) == 2


def test_the_base_class_has_a_message_and_an_outcome() -> None:
    """A bare error of the package has an outcome and a message like the others."""
    error = TelnyxVideoError()
    assert (error.outcome, str(error)) == (Outcome.NOT_APPLIED, "")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            BadRequestError(400, (ErrorDetail("no JSON"),), "req-1"),
            "400 Bad Request: no JSON [request id req-1] - correct the request",
        ),
        (
            AuthenticationError(401),
            "401 Unauthorized: the reply gives no reason - check the API key (TELNYX_API_KEY)",
        ),
        (
            UnprocessableEntityError(422, (DETAIL, ErrorDetail(code="10004"))),
            "422 Unprocessable Entity: unique_name: is bad; code 10004 - correct the named field",
        ),
        (
            NameTakenError(422, (DETAIL,)),
            "422 Unprocessable Entity: unique_name: is bad - choose another name, "
            "or look for the room that has it: list(unique_name=...)",
        ),
        (
            NameTakenError(422, (DETAIL,), room=ROOM),
            "422 Unprocessable Entity: unique_name: is bad - room room-1 has this name; choose "
            'another name, or pass if_exists="return" or "update" to use that room',
        ),
        (
            ServerError(503),
            "503 Service Unavailable: the reply gives no reason - "
            "it may have been applied: look before sending it again",
        ),
        (
            ServerError(599, outcome=Outcome.NOT_APPLIED),
            "599: the reply gives no reason - nothing was done",
        ),
        (
            ApiError(307, outcome=Outcome.APPLIED),
            "307 Temporary Redirect: the reply gives no reason - it was applied; "
            "redirects are not followed: check base_url",
        ),
        (
            ApiError(301, outcome=Outcome.NOT_APPLIED),
            "301 Moved Permanently: the reply gives no reason - nothing was done; "
            "redirects are not followed: check base_url",
        ),
        (
            ApiError(101, outcome=Outcome.NOT_APPLIED),
            "101 Switching Protocols: the reply gives no reason - nothing was done; check base_url",
        ),
        (
            InvalidRequestError((DETAIL, ErrorDetail("too small", pointer="/max_participants"))),
            "nothing was sent: unique_name: is bad; max_participants: too small",
        ),
    ],
    ids=short,
)
def test_a_message_has_the_cause_and_the_next_step(error: ApiError, message: str) -> None:
    """The message has the status, the reasons, the request id and the next step."""
    assert str(error) == message


@pytest.mark.parametrize("text", ["\n", "\x1b[2J", "\x9b", "\udc9b", "\u2028"], ids=ascii)
def test_a_request_id_cannot_break_the_line(text: str) -> None:
    """Control characters of a header are replaced."""
    assert is_one_line(str(ServerError(500, request_id=f"req{text}1")))


@pytest.mark.parametrize("text", ["\n", "\x1b[2J", "\udc9b"], ids=ascii)
def test_the_id_of_a_room_cannot_break_the_line(text: str) -> None:
    """The message stays one line for any id of the server."""
    assert is_one_line(str(NameTakenError(422, (DETAIL,), room=Room(id=f"a{text}"))))


def test_a_message_is_bounded() -> None:
    """The message of ten thousand problems is short; `details` has all of them."""
    error = BadRequestError(400, (ErrorDetail("is bad", pointer="/unique_name"),) * 10_000)
    assert len(str(error)) < 5_000
    assert len(error.details) == 10_000


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *(
            (status, Outcome.NOT_APPLIED)
            for status in (400, 401, 403, 404, 405, 413, 415, 422, 429)
        ),
        *((status, Outcome.UNKNOWN) for status in (100, 302, 307, 402, 408, 409, 410, 418, 451)),
        *((status, Outcome.UNKNOWN) for status in (500, 502, 503, 504, 520, 599, 600, 0, -1)),
    ],
)
def test_only_refusals_count_as_not_applied(status: int, outcome: Outcome) -> None:
    """Statuses that a gateway may send after forwarding leave the outcome unknown."""
    assert outcome_of_status(status) is outcome
    assert ApiError(status).outcome is outcome


@pytest.mark.parametrize(
    ("detail", "field", "text"),
    [
        (ErrorDetail(), None, "no detail given"),
        (ErrorDetail(code="10015"), None, "code 10015"),
        (ErrorDetail(code="10015", title="Bad request"), None, "Bad request"),
        (ErrorDetail("is bad", title="Bad request"), None, "is bad"),
        (ErrorDetail("is bad", pointer="/unique_name"), "unique_name", "unique_name: is bad"),
        (ErrorDetail("is bad", pointer="/data/a~1b~01"), "a/b~1", "a/b~1: is bad"),
        (ErrorDetail("is bad", pointer="unique_name"), "unique_name", "unique_name: is bad"),
        (ErrorDetail("is bad", parameter="page[size]"), "page[size]", "page[size]: is bad"),
        (ErrorDetail("is bad", pointer="", parameter="q"), "q", "q: is bad"),
        (ErrorDetail("is bad", pointer="/a", parameter="q"), "a", "a: is bad"),
        (ErrorDetail("is bad", pointer="/"), "", "is bad"),
    ],
)
def test_a_detail_names_its_field(detail: ErrorDetail, field: str | None, text: str) -> None:
    """The field is found in a pointer or a parameter."""
    assert (detail.field, str(detail)) == (field, text)


def test_a_refusal_without_a_field_mentions_none() -> None:
    """The hint does not mention a field if no detail names one."""
    error = UnprocessableEntityError(422, (ErrorDetail("The session has ended."),))
    assert str(error).endswith("or see in what state the object is")


@pytest.mark.parametrize("base_url", ["https://api.telnyx.com", "http://127.0.0.1:8080/"])
def test_a_404_without_a_version_in_the_base_url_has_a_hint(base_url: str) -> None:
    """The message suggests the path that the base URL lacks."""
    error = NotFoundError(404)
    hint_at_base_url(error, base_url)
    suggestion = f"did you mean {base_url.rstrip('/')}/v2?"
    assert str(error).endswith(suggestion)
    assert str(pickle.loads(pickle.dumps(error))).endswith(suggestion)


@pytest.mark.parametrize(
    ("error", "base_url"),
    [
        (NotFoundError(404), "https://api.telnyx.com/v2"),
        (NotFoundError(404), "https://proxy.example.com/telnyx"),
        (ServerError(503), "https://api.telnyx.com"),
    ],
)
def test_other_errors_do_not_mention_the_base_url(error: ApiError, base_url: str) -> None:
    """With a path, or another status, the message does not mention the base URL."""
    before = str(error)
    hint_at_base_url(error, base_url)
    assert str(error) == before
