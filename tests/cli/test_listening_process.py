"""End to end: a sandbox delivers to a receiver that is killed and restarted."""

import json
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.command import Process, environment, running
from telnyx_video import RoomsClient
from telnyx_video.sandbox import Sandbox


@contextmanager
def listening(sandbox: Sandbox, port: int, out: Path) -> Generator[Process]:
    """Run a receiver in a separate process that appends to a file."""
    env = environment(TELNYX_PUBLIC_KEY=sandbox.public_key)
    with (
        out.open("ab") as file,
        running("listen", "--port", str(port), "--json", env=env, stdout=file.fileno()) as process,
    ):
        process.wait_for("stops it.")
        yield process


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for a condition, until the test's time limit."""
    while not holds():
        threading.Event().wait(0.005)


def printed(out: Path) -> list[Any]:
    """Return the events that were printed as whole lines."""
    return [json.loads(line) for line in out.read_text().splitlines(keepends=True) if "\n" in line]


def test_events_arrive_once_and_in_order_though_the_receiver_is_killed(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    """Each event is printed once, in the order of the times."""
    out = tmp_path / "events.jsonl"
    with (
        Sandbox(webhook_retries=[0.05] * 600) as sandbox,
        RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms,
    ):
        room = rooms.create(webhook_event_url=f"http://127.0.0.1:{unused_tcp_port}/")
        with listening(sandbox, unused_tcp_port, out) as process:
            everybody = [sandbox.join(room.id, context=f"guest {number}") for number in range(10)]
            wait_until(lambda: len(printed(out)) >= 2)
            process.signal(signal.SIGKILL)
        for participant in everybody[:5]:
            sandbox.leave(participant)
        with listening(sandbox, unused_tcp_port, out) as process:
            for participant in everybody[5:]:
                sandbox.leave(participant)
            wait_until(lambda: {it["state"] for it in sandbox.deliveries} == {"delivered"})
            process.signal(signal.SIGINT)
            ended = process.end()
        events = sandbox.events
    assert ended.code == 130
    once = list({event["id"]: event for event in printed(out)}.values())
    assert [event["id"] for event in once] == [event["id"] for event in events]
    times = [event["occurred_at"] for event in once]
    assert times == sorted(times)
    assert len(once) == 22
