"""Fixtures of the fault matrix: each test of a row runs in six environments.

These cover asyncio and uvloop, plain and TLS connections, fresh and reused connections, single
creates and batches, the client's own session and the caller's. Where a row has both, requests run
with and without a name.
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
"""The smallest covering array of strength 2: every pair of settings occurs together once."""


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The certificate authority of the tests."""
    return trustme.CA()


@pytest.fixture(scope="session")
def trust(authority: trustme.CA) -> Trust:
    """The TLS contexts of the server and of its client."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(server)  # pyright: ignore[reportUnknownMemberType] # it also takes pyOpenSSL's
    client = ssl.create_default_context()
    authority.configure_trust(client)  # pyright: ignore[reportUnknownMemberType] # as above
    return Trust(server, client)


@pytest.fixture(params=MATRIX_ENVS, ids=str)
def matrix_env(request: pytest.FixtureRequest, trust: Trust) -> Iterator[MatrixEnv]:
    """Each environment in a test of its own."""
    yield attrs.evolve(cast("MatrixEnv", request.param), trust=trust)
    gc.collect(1)  # objects left open by a case are young, and warn when collected


@pytest.fixture(params=LOOPS)
def matrix_envs(request: pytest.FixtureRequest, trust: Trust) -> Iterator[list[MatrixEnv]]:
    """All environments of one loop, for slow rows: their cases run concurrently."""
    yield [attrs.evolve(env, trust=trust) for env in MATRIX_ENVS if env.loop == request.param]
    gc.collect(1)


@pytest.fixture(params=["standup", None], ids=["named", "nameless"])
def name(request: pytest.FixtureRequest) -> str | None:
    """The name of the requested room."""
    return cast("str | None", request.param)
