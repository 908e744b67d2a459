"""The commands for recordings and compositions, and how they download files."""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.command import Command, environment, running
from cli.sessions import Session
from telnyx_video.cli.calls import in_bytes
from telnyx_video.cli.progress import Meter
from telnyx_video.sandbox import Sandbox


@pytest.fixture
def recordings(command: Command, session: Session) -> list[Any]:
    """The four recordings of an ended session."""
    assert command("sessions", "end", session.session_id, "--yes").code == 0
    return command("recordings", "list", "--json").lines


@pytest.fixture
def composition(command: Command, session: Session) -> Any:
    """A new composition."""
    (composition,) = command(
        "compositions", "create", "--session-id", session.session_id, "--json"
    ).lines
    return composition


def test_recordings_are_listed(
    command: Command, recordings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table fits eighty columns, with whole ids."""
    monkeypatch.setenv("COLUMNS", "80")
    result = command("recordings", "list")
    header, _, *lines = result.out.splitlines()
    assert header.split() == ["Id", "Type", "Status", "Secs", "Created"]
    assert [line.split()[0] for line in lines] == [recording["id"] for recording in recordings]
    assert max(map(len, lines)) <= 80
    assert result.err == "4 recordings\n"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--type=audio"], 2),
        (["--status=completed"], 4),
        (["--status=processing"], 0),
        (["--min-duration-secs=3600"], 0),
        (["--started-from=2020-02-29", "--ended-from=2020-02-29"], 4),
    ],
)
@pytest.mark.usefixtures("recordings")
def test_recordings_are_filtered(
    command: Command, session: Session, filters: list[str], found: int
) -> None:
    """Each filter is sent."""
    assert len(command("recordings", "list", "--json", *filters).lines) == found
    of_one = ["--room-id", session.room_id, "--session-id", session.session_id]
    of_alice = [*of_one, "--participant-id", session.alice]
    assert len(command("recordings", "list", "--json", *of_alice, *filters).lines) == found / 2


def test_a_recording_is_downloaded(command: Command, recordings: list[Any], tmp_path: Path) -> None:
    """The file is complete, and its size is printed."""
    recording_id = recordings[0]["id"]
    assert recording_id in command("recordings", "get", recording_id).out
    file = tmp_path / "alice.ogg"
    result = command("recordings", "download", recording_id, file)
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"{file}: ")
    assert command("recordings", "download", recording_id, file, "--json").lines == [
        {"id": recording_id, "file": str(file), "bytes": file.stat().st_size}
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["alice.ogg"]


def test_a_terminal_sees_how_far_a_download_is(recordings: list[Any], tmp_path: Path) -> None:
    """A bar is drawn during the download."""
    file = tmp_path / "alice.ogg"
    arguments = ("recordings", "download", recordings[0]["id"], file)
    with running(*arguments, env=environment(**sandboxed()), terminal=True) as process:
        ended = process.end()
    assert ended.code == 0
    assert "Downloading" in ended.err
    assert file.exists()


def sandboxed() -> dict[str, str]:
    """Return the part of the environment that names the sandbox."""
    return {name: os.environ[name] for name in ("TELNYX_BASE_URL", "TELNYX_API_KEY")}


def test_a_log_shows_a_long_download() -> None:
    """Without a terminal, a line every ten seconds has the size and the rate."""
    now = [0.0]
    written = io.StringIO()
    console = Console(file=written, width=80)
    with Meter(console, "Downloading", number=in_bytes, clock=lambda: now[0]) as meter:
        for second in range(25):
            now[0] = second
            meter.show(second * 10**6, 10**8)
    assert written.getvalue().splitlines() == [
        "10.0 MB of 100.0 MB, 1.0 MB/s, 1 min 30 s left",
        "20.0 MB of 100.0 MB, 1.0 MB/s, 1 min 20 s left",
    ]


def test_an_unwritable_file_is_reported(
    command: Command, recordings: list[Any], tmp_path: Path
) -> None:
    """The error has the system's message."""
    result = command("recordings", "download", recordings[0]["id"], tmp_path / "none" / "a.ogg")
    assert result.code == 1
    assert result.err.startswith("Error: ")
    assert "No such file or directory" in result.err


def test_a_recording_is_deleted(command: Command, recordings: list[Any]) -> None:
    """It is deleted with ``--yes``; without a terminal and ``--yes`` the command is refused."""
    recording_id = recordings[0]["id"]
    assert command("recordings", "delete", recording_id).code == 2
    assert (
        command("recordings", "delete", recording_id, "--yes").err == f"Deleted {recording_id}.\n"
    )
    assert command("recordings", "list", "--json").lines == recordings[1:]


@pytest.mark.usefixtures("recordings")
def test_many_recordings_are_deleted(command: Command, session: Session) -> None:
    """Only recordings that match the filters are deleted."""
    of_session = ("--session-id", session.session_id)
    assert command("recordings", "delete-many", *of_session).code == 2
    result = command("recordings", "delete-many", "--type=audio", "--yes", *of_session)
    assert (result.code, result.err) == (0, "Deleted 2 recordings.\n")
    arguments = ("--started-from=2020-02-29", "--participant-id", session.bob)
    result = command("recordings", "delete-many", "--yes", *arguments)
    assert result.err == "Deleted 1 recording.\n"
    arguments = ("--participant-id", session.alice, "--json")
    assert command("recordings", "delete-many", "--yes", *arguments).lines == [{"deleted": 1}]


def test_delete_many_needs_a_filter(command: Command, sandbox: Sandbox) -> None:
    """A bulk deletion without a filter is refused, and nothing is sent."""
    result = command("recordings", "delete-many", "--yes")
    assert (result.code, result.err) == (
        2,
        "Error: add a filter, such as --session-id: without any, every recording would be "
        "deleted\n",
    )
    assert not sandbox.requests


EVERY_SETTING = (
    "--format=mp4",
    "--resolution=800x600",
    "--webhook-event-url=https://hooks.example.com/video",
    "--webhook-event-failover-url=https://backup.example.com/video",
    "--webhook-timeout-secs=7",
)


def test_every_setting_of_a_composition_is_sent(command: Command, session: Session) -> None:
    """Each option is sent."""
    layout = json.dumps({"main_view": {"width": 640, "height": 360, "z_pos": 1}})
    (made,) = command(
        "compositions",
        "create",
        "--session-id",
        session.session_id,
        f"--video-layout={layout}",
        *EVERY_SETTING,
        "--json",
    ).lines
    for setting in EVERY_SETTING:
        name, value = setting.removeprefix("--").replace("-", "_").split("=")
        assert str(made[name]) == setting.split("=")[1], (name, value)
    assert made["video_layout"]["main_view"]["height"] == 360


def test_bad_settings_of_a_composition_are_named(command: Command, sandbox: Sandbox) -> None:
    """All problems are reported together, and nothing is sent."""
    layout = json.dumps({"a_b": {"width": 1}, "c": {"wide": 20}, "d": {"width": "x"}, "e": 5})
    result = command(
        "compositions",
        "create",
        "--session-id=../rooms",
        "--resolution=9x9",
        "--webhook-timeout-secs=31",
    )
    assert result.code == 2
    named = [line.removeprefix("Error: ").split(":")[0] for line in result.err.splitlines()]
    assert {"--session-id", "--resolution", "--webhook-timeout-secs"} <= set(named)
    result = command("compositions", "create", f"--video-layout={layout}")
    assert result.code == 2
    assert result.err.count("Error: --video-layout: ") == 3
    assert "there is no field 'wide'" in result.err
    assert not sandbox.requests


@pytest.mark.parametrize("layout", ["[]", "{", "{} {}", "[" * 100_000])
def test_a_layout_must_be_an_object(command: Command, sandbox: Sandbox, layout: str) -> None:
    """Anything but a JSON object is refused."""
    result = command("compositions", "create", f"--video-layout={layout}")
    assert (result.code, result.err) == (
        2,
        "Error: --video-layout: must be a JSON object of regions by their names\n",
    )


def test_bounds_of_a_region_are_named(command: Command, sandbox: Sandbox) -> None:
    """A region out of bounds is named with its field."""
    result = command("compositions", "create", '--video-layout={"a_b": {"width": 1}}')
    assert result.code == 2
    assert result.err == (
        "Error: --video-layout: width: in region 'a_b': must be 16 or more, not 1\n"
    )


def test_compositions_are_listed_shown_and_deleted(
    command: Command, session: Session, composition: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A composition is listed until it is deleted."""
    monkeypatch.setenv("COLUMNS", "80")
    result = command("compositions", "list", "--session-id", session.session_id)
    assert result.out.splitlines()[0].split() == ["Id", "Format", "Status", "Secs", "Created"]
    assert composition["id"] in result.out
    assert result.err == "1 composition\n"
    assert command("compositions", "list", "--status=nonsense").code == 1
    assert command("compositions", "list", "--created-on=2020-02-29").err == "no compositions\n"
    assert composition["id"] in command("compositions", "get", composition["id"]).out
    assert command("compositions", "delete", composition["id"], "--yes").code == 0
    assert command("compositions", "get", composition["id"]).code == 1


def test_an_unfinished_composition_is_not_downloaded(
    command: Command, composition: Any, tmp_path: Path
) -> None:
    """A download that is not ready yet is an error, and leaves no file."""
    file = tmp_path / "video.mp4"
    result = command("compositions", "download", composition["id"], file)
    assert result.code == 1
    assert f"composition {composition['id']} has no file yet" in result.err
    assert not file.exists()
