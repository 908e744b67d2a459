"""The arguments of a sandbox: which are refused, and the messages."""

import math
import pathlib
import ssl
from typing import Any

import pytest

from support.words import short
from telnyx_video.sandbox import FaultPlanError, Sandbox

WRONG: list[tuple[str, list[Any], str]] = [
    ("host", [None, 5, ""], "must be a string of at least one character"),
    ("port", [70_000, 65_536, -1, "80", None, True, 80.0], "must be an integer from 0 to 65535"),
    ("api_key", [None, "", 5, "\ud800"], "must be a string of at least one character"),
    ("api_key", [" x", "x ", "a\nb", "\x7f"], "must be without control characters"),
    ("allow_hosts", ["app", [5], None], "must be a collection of the names of hosts"),
    ("deliver_anywhere", [1, None, "yes"], "must be true or false"),
    ("log_size", [-1, 100_001, None, "5"], "must be an integer from 0 to 100000"),
    ("seed_random", [-1, "x", 2**63], "must be an integer from 0 to"),
    ("db", ["", 5, b"rooms.db", True], "must be the path of a file"),
    ("rate_limit", [0, -1, "x", 2.5, True, math.nan], "must be an integer of at least 1"),
    ("ssl_context", [True, ssl.CERT_NONE], "must be an SSLContext"),
    (
        "composition_delay",
        ["x", None, -1, 86_401, math.nan, math.inf, True],
        "must be a number from 0 to 86400",
    ),
    ("webhook_key", [b"abc", "x" * 32, None, bytes(33)], "must be 32 bytes"),
    ("webhook_hosts", ["app", [5], [""], None], "must be a collection of the names of hosts"),
    (
        "webhook_retries",
        ["x", 1, [-1], [math.nan], [86_401], ["1"], None],
        "must be a sequence of seconds, each from 0 to 86400",
    ),
]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [(name, value, words) for name, values, words in WRONG for value in values],
    ids=short,
)
def test_an_invalid_argument_is_refused(name: str, value: Any, words: str) -> None:
    """The error names it, before the sandbox listens."""
    with pytest.raises(ValueError, match=f"^{name} {words}.*, not "):
        Sandbox(**{name: value})


def test_one_refusal_reports_every_problem() -> None:
    """One error names every invalid argument."""
    wrong: dict[str, Any] = {"port": 70_000, "rate_limit": "x", "webhook_key": b"secret"}
    with pytest.raises(ValueError, match=r"^port") as caught:
        Sandbox(**wrong)
    assert str(caught.value) == (
        "port must be an integer from 0 to 65535, not 70000; "
        "rate_limit must be an integer of at least 1, not 'x'; "
        "webhook_key must be 32 bytes, not 6 bytes"
    )


def test_valid_arguments_are_accepted() -> None:
    """Bounds are inclusive."""
    Sandbox(
        port=65_535,
        db=pathlib.Path("rooms.db"),
        rate_limit=1,
        ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        composition_delay=86_400,
        webhook_key=bytes(32),
        webhook_hosts={"app"},
        webhook_retries=(0, 0.5, 86_400),
        api_key="My API Key",
        allow_hosts=["app", "*"],
        deliver_anywhere=True,
        log_size=100_000,
        seed_random=0,
    )
    Sandbox(db="rooms.db", composition_delay=0, webhook_hosts=[], webhook_retries=[])


@pytest.mark.parametrize("plan", ["x", 5, None, [5]], ids=short)
def test_an_invalid_plan_is_refused(plan: Any) -> None:
    """An invalid fault plan raises FaultPlanError, which is a ValueError."""
    with pytest.raises(FaultPlanError):
        Sandbox(faults=plan)


def test_a_refused_key_is_not_in_the_message() -> None:
    """It may be a real one."""
    with pytest.raises(ValueError, match="not one of 8 characters") as caught:
        Sandbox(api_key="secret\n ")
    assert "secret" not in str(caught.value)
