"""Fixtures of the fault matrix: each test of a row is played on six environments.

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

from matrix.env import LOOPS, MatrixEnv, Trust

MATRIX_ENVS = [
    MatrixEnv("asyncio", tls=False, reused=False, in_batch=False, shared=False),
    MatrixEnv("asyncio", tls=False, reused=False, in_batch=False, shared=True),
    MatrixEnv("asyncio", tls=True, reused=True, in_batch=True, shared=False),
    MatrixEnv("uvloop", tls=False, reused=True, in_batch=True, shared=True),
    MatrixEnv("uvloop", tls=True, reused=False, in_batch=True, shared=True),
    MatrixEnv("uvloop", tls=True, reused=True, in_batch=False, shared=False),
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


@pytest.fixture(params=MATRIX_ENVS, ids=str)
def matrix_env(request: pytest.FixtureRequest, trust: Trust) -> Iterator[MatrixEnv]:
    """Each environment in a test of its own."""
    yield attrs.evolve(cast("MatrixEnv", request.param), trust=trust)
    gc.collect(1)  # what a case leaves is young, and warns when it was left open


@pytest.fixture(params=LOOPS)
def matrix_envs(request: pytest.FixtureRequest, trust: Trust) -> Iterator[list[MatrixEnv]]:
    """All environments of one loop, for rows that take their time: they are played at once."""
    yield [attrs.evolve(env, trust=trust) for env in MATRIX_ENVS if env.loop == request.param]
    gc.collect(1)


@pytest.fixture(params=["standup", None], ids=["named", "nameless"])
def name(request: pytest.FixtureRequest) -> str | None:
    """The name of the room that is asked for."""
    return cast("str | None", request.param)
