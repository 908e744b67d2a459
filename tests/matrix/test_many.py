"""Rows 25 and 32: many tasks, several processes, and unsupported uses of a blocking client."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

import attrs
import pytest
import trustme

from matrix.case import Rule
from matrix.env import QUICK, MatrixEnv, Trust
from support.programs import end_forks, run, running
from telnyx_video import Room
from telnyx_video.sandbox import Sandbox

TASKS = 16

RANDOM_FAULTS: list[Rule] = [
    {
        "on": "POST /rooms",
        "draw": [
            {"fault": "dropped", "probability": 0.1},
            {"fault": "lost", "probability": 0.15},
            {"fault": "lost_reset", "probability": 0.1},
            {"fault": {"cut": "reply", "commit": 0.05}, "probability": 0.1},
            {"fault": {"status": 503, "commit": "before"}, "probability": 0.1},
            {"fault": 502, "probability": 0.05},
            {"fault": 429, "probability": 0.1},
            {"fault": "truncated", "probability": 0.1},
        ],
    },
    {
        "on": "GET /rooms",
        "draw": [
            {"fault": "list_empty", "probability": 0.2},
            {"fault": 503, "probability": 0.1},
            {"fault": "lost", "probability": 0.1},
        ],
    },
]

SAME_NAME = """
with client(retry=RetryPolicy(attempts=50, backoff=0.01, backoff_max=0.05, quota=10_000)) as rooms:
    outcomes = rooms.create_many([CreateRoomRequest(unique_name="standup")] * 12, concurrency=6)
    for outcome in outcomes:
        tell(outcome.unwrap().id)
"""

UNSUPPORTED_USES = """
rooms = client()
rooms.create(unique_name="before")

async def from_inside():
    tell("own thread:", attempt(rooms.create))
    yield CreateRoomRequest(unique_name="from a batch")

rooms.create_many(from_inside())

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    child = os.fork()
if not child:
    tell("fork:", attempt(rooms.create))
    os._exit(0)
os.waitpid(child, 0)

rooms.close()
tell("closed:", attempt(rooms.create))
"""

AT_EXIT = """
late = []
atexit.register(lambda: tell("exit:", attempt(late[0].create)))
late.append(client())
late[0].create(unique_name="at the end")
"""


def test_row_25_one_name_from_many_tasks(matrix_env: MatrixEnv) -> None:
    """Many concurrent creates of one name end with one room, whatever is lost."""
    patient = attrs.evolve(QUICK, attempts=100, backoff_max=0.02, quota=10_000)

    async def run_case() -> None:
        async with matrix_env.case(*RANDOM_FAULTS, retry=patient, concurrency=8) as case:

            async def ask() -> Room:
                ending = await case.create("standup", if_exists="return")
                assert ending.error is None
                assert ending.room is not None
                return ending.room

            async with asyncio.TaskGroup() as group:
                asking = [group.create_task(ask()) for _ in range(TASKS)]
            # The sandbox shares this loop, whose timers fire in the order of their times.
            await asyncio.sleep(0.05)
            assert [room["id"] for room in case.sandbox.rooms] == [
                *{task.result().id for task in asking}
            ]
            assert case.posts >= TASKS
            assert case.sandbox.faults_done

    matrix_env.run(run_case())


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_row_25_one_name_from_several_processes(
    trust: Trust,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tls: bool,
) -> None:
    """Independent processes get the same room for a name."""
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    end_forks()  # aiohttp reads SSL_CERT_FILE on import
    with Sandbox(faults=RANDOM_FAULTS, ssl_context=trust.server if tls else None) as sandbox:
        with ExitStack() as stack:
            stack.callback(end_forks)
            programs = [stack.enter_context(running(SAME_NAME, sandbox.url)) for _ in range(2)]
            ends = [program.end() for program in programs]
        assert [(end.status, end.noise) for end in ends] == [(0, "")] * 2
        ids = [line for end in ends for line in end.lines]
        assert len(ids) == 24
        assert [room["id"] for room in sandbox.rooms] == [*set(ids)]
        assert sandbox.requests["POST /v2/rooms"] >= 24


def test_row_32_unsupported_uses_raise_an_error() -> None:
    """After a fork, from its own thread, and at exit a blocking client raises an error."""
    with Sandbox() as sandbox:
        ended = run(UNSUPPORTED_USES, sandbox.url)
        assert (ended.status, ended.noise) == (0, "")
        assert ended.lines == [
            "own thread: ConfigurationError",
            "fork: ConfigurationError",
            "closed: ConfigurationError",
        ]
        ended = run(AT_EXIT, sandbox.url)
        assert (ended.status, ended.noise) == (0, "")
        assert ended.lines == ["exit: ConfigurationError"]
        names = [room["unique_name"] for room in sandbox.rooms]
        assert names == ["before", "from a batch", "at the end"]
        assert sandbox.requests["POST /v2/rooms"] == 3
