"""Fixtures of the fault matrix: each test of a row is played on six stages.

That is on asyncio and on uvloop, over plain and TLS connections, on fresh and on reused ones, for
single creates and in batches, in the client's own session and in the caller's; and, where the row
has both, for requests with and without a name.
"""

import gc
import ssl
from collections.abc import Iterator
from typing import cast

import attrs
import pytest
import trustme

from matrix.stage import LOOPS, Stage, Trust

STAGES = [
    Stage("asyncio", tls=False, reused=False, in_batch=False, lent=False),
    Stage("asyncio", tls=False, reused=False, in_batch=False, lent=True),
    Stage("asyncio", tls=True, reused=True, in_batch=True, lent=False),
    Stage("uvloop", tls=False, reused=True, in_batch=True, lent=True),
    Stage("uvloop", tls=True, reused=False, in_batch=True, lent=True),
    Stage("uvloop", tls=True, reused=True, in_batch=False, lent=False),
]
"""Each two circumstances meet on one of them: a covering array of strength 2, the smallest one."""


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Who vouches for the certificates of the tests."""
    return trustme.CA()


@pytest.fixture(scope="session")
def trust(authority: trustme.CA) -> Trust:
    """A server's identity, and a client's trust in it."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(server)  # pyright: ignore[reportUnknownMemberType] # it also takes pyOpenSSL's
    client = ssl.create_default_context()
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType] # as above
    return Trust(server, client)


@pytest.fixture(params=STAGES, ids=str)
def stage(request: pytest.FixtureRequest, trust: Trust) -> Iterator[Stage]:
    """One stage after the other."""
    yield attrs.evolve(cast("Stage", request.param), trust=trust)
    gc.collect(1)  # what a scene leaves is young, and warns when it was left open


@pytest.fixture(params=LOOPS)
def stages(request: pytest.FixtureRequest, trust: Trust) -> Iterator[list[Stage]]:
    """All stages of one loop, for rows that take their time: they are played at once."""
    yield [attrs.evolve(stage, trust=trust) for stage in STAGES if stage.loop == request.param]
    gc.collect(1)


@pytest.fixture(params=["standup", None], ids=["named", "nameless"])
def name(request: pytest.FixtureRequest) -> str | None:
    """The name of the room that is asked for."""
    return cast("str | None", request.param)
