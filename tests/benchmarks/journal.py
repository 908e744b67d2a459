"""The cost of a journal for a batch, and the memory of resuming journals of any length.

Batches with and without a journal alternate, so that a busy machine slows both alike,
against a server in its own process that answers immediately: the client is measured.
Fails when the rate with a journal is at least a tenth lower, as the median of the pairs.

Then journals of ten thousand and of a million lines are resumed, each in a fresh process, whose
peak of resident memory is compared. Every room in them was created, so nothing is sent. Fails when
the longer one needs over 30 MiB more.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measuring.fast_server import serving

ROUNDS = 9
ROOMS = 10_000  # in each batch, so that start and end hardly count
CONCURRENCY = 50
MOST_LOST = 0.1  # of the rate

SHORT, LONG = 10_000, 1_000_000  # lines
MOST_MEMORY = 30.0  # MiB that the long one may need more

# This process imports nothing large: a child's peak starts from its parent's.


def main() -> int:
    """Print the rates and the peaks; return 1 when one of the limits is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="batches of each kind")
    parser.add_argument("--rooms", type=int, default=ROOMS, help="in each batch")
    parser.add_argument("--lines", type=int, default=LONG, help="of the long journal")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        lost = compare_rates(folder, chosen.rounds, chosen.rooms)
        more = compare_peaks(folder, chosen.lines)
    return 1 if lost >= MOST_LOST or more > MOST_MEMORY else 0


def compare_rates(folder: str, rounds: int, rooms: int) -> float:
    """Print the median rates without and with a journal; return the share that it costs."""
    with serving() as server:
        printed = child("batches", server.url, folder, str(rounds), str(rooms))
    without, noted = ([*map(float, line.split()[1:])] for line in printed.splitlines())
    # Of neighbours, since what else the machine does changes from one minute to the next.
    lost = 1.0 - statistics.median(a / b for a, b in zip(noted, without, strict=True))
    print(f"batches of {rooms:,} rooms, {CONCURRENCY} at a time, medians of {rounds}")
    print(f"without a journal  {statistics.median(without):9.0f} rooms a second")
    print(f"with a journal     {statistics.median(noted):9.0f} rooms a second")
    print(f"cost               {lost:9.1%} (limit {MOST_LOST:.0%})")
    return lost


def compare_peaks(folder: str, long: int) -> float:
    """Print the peaks of resuming a short and a long journal; return the difference in MiB."""
    peaks = list[float]()
    for lines in (SHORT, long):
        journal = str(Path(folder, f"{lines}.jsonl"))
        child("write", journal, str(lines))
        seconds, peak = map(float, child("resume", journal, str(lines)).split())
        peaks.append(peak)
        print(f"resuming {lines:9,} lines  {peak:6.1f} MiB at its peak, in {seconds:.1f} s")
    more = peaks[1] - peaks[0]
    print(f"difference                {more:6.1f} MiB (limit {MOST_MEMORY:.0f})")
    return more


def child(*arguments: str) -> str:
    """Run one of the parts below in a fresh process; return what it prints."""
    done = subprocess.run(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def make_batches(url: str, folder: str, rounds: int, rooms: int) -> None:
    """Make batches by turns, the first two to warm up; print the rates without and with."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(2 * rounds + 2):
        noted = bool(turn % 2)
        journal = str(Path(folder, f"{turn}.jsonl")) if noted else None
        rates[noted].append(asyncio.run(rate(url, rooms, journal)))
    for noted, measured in rates.items():
        print("noted" if noted else "plain", *measured[1:])


async def rate(url: str, rooms: int, journal: str | None) -> float:
    """Make one batch; return how many rooms it made a second."""
    from telnyx_video import AsyncRoomsClient, CreateRoomRequest

    requests = [
        CreateRoomRequest(unique_name=f"room-{number}", max_participants=12)
        for number in range(rooms)
    ]
    async with AsyncRoomsClient(base_url=url, api_key="sandbox-key") as client:
        await client.create()  # the connection that any batch would begin with
        started = time.perf_counter()
        async with client.stream_many(requests, concurrency=CONCURRENCY, journal=journal) as stream:
            async for outcome in stream:
                outcome.unwrap()
        return rooms / (time.perf_counter() - started)


def write(journal: str, count: int) -> None:
    """Write the journal of a finished batch, with this many lines after the first."""
    from telnyx_video import CreateRoomRequest, Room
    from telnyx_video.batch import CreateOutcome
    from telnyx_video.batch.journal_file import HEADER, INTENT
    from telnyx_video.batch.outcome import outcome_line

    request = CreateRoomRequest(unique_name="room-%", max_participants=12)
    fields = b'{"unique_name":"room-%","max_participants":12}'
    room = Room(id="0ccc7b54-4df3-4bca-a65a-3da1ecc777f0", unique_name="room-%")
    outcome = CreateOutcome(index=0, request=request, room=room)
    pair = INTENT % (0, time.time(), fields) + outcome_line(outcome, fields)
    pair = pair.replace(b'"intent":0', b'"intent":%').replace(b'"index":0', b'"index":%')
    with open(journal, "wb") as file:
        file.write(HEADER)
        file.writelines(pair.replace(b"%", b"%d" % number) for number in range(count // 2))


async def resume(journal: str, count: int) -> None:
    """Go on with that batch, and print how many seconds it took and the peak of memory in MiB."""
    from telnyx_video import AsyncRoomsClient, CreateRoomRequest

    requests = (
        CreateRoomRequest(unique_name=f"room-{number}", max_participants=12)
        for number in range(count // 2)
    )
    began, made = time.monotonic(), 0
    async with (
        AsyncRoomsClient(base_url="http://127.0.0.1:9/v2", api_key="key") as client,
        client.stream_many(requests, journal=journal) as stream,
    ):
        async for outcome in stream:
            outcome.unwrap()
            made += 1
    assert made == count // 2
    units_in_mib = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units_in_mib
    print(time.monotonic() - began, peak)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["batches", url, folder, rounds, rooms]:
            make_batches(url, folder, int(rounds), int(rooms))
        case ["write", journal, count]:
            write(journal, int(count))
        case ["resume", journal, count]:
            asyncio.run(resume(journal, int(count)))
        case _:
            sys.exit(main())
