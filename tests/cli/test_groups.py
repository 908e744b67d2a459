"""Groups of commands: their help, and loading on demand."""

import subprocess
import sys
from importlib import import_module
from typing import Any

import pytest
from typer.main import get_command

from cli.command import ROOMS_CSV, Command, environment
from telnyx_video.cli.app import COMMANDS, GROUPS

PACKAGE = "telnyx_video.cli.commands"


def test_help_lists_every_command_and_group(command: Command) -> None:
    """Help and mistyped commands list all groups."""
    for name in (*COMMANDS, *GROUPS):
        assert f" {name} " in command("--help").out
    assert "sessions" in command("sesions", "list").err


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_group_help_lists_its_commands(command: Command, group: str) -> None:
    """The help of a group needs no key."""
    for arguments in ([group, "-h"], [group]):
        result = command(*arguments)
        assert " list " in result.out + result.err
        assert " get " in result.out + result.err


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["create", "--help"]])
def test_help_loads_no_client(arguments: list[str]) -> None:
    """Help and version do not import the HTTP library."""
    program = (
        "import sys; from telnyx_video.cli import main; code = main(sys.argv[1:]); "
        "sys.exit(code or 'aiohttp' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, *arguments], env=environment(), check=True)


def test_every_command_has_a_summary_and_an_example(command: Command) -> None:
    """The list of commands has the first line of each command's help."""
    groups: dict[str, Any] = {
        name: get_command(import_module(f"{PACKAGE}.{name}").app) for name in GROUPS
    }
    for name, (module, summary) in COMMANDS.items():
        shown = " ".join(command(name, "--help").out.split())
        assert summary in shown, module
    for name, group in groups.items():
        assert group.help == GROUPS[name]
        for own_name in group.commands:
            text = " ".join(command(name, own_name, "--help").out.split())
            shown = text.rpartition("Example")[2]
            assert f" {own_name} " in f"{shown} ", (name, own_name)


def test_help_shows_no_types_of_flags_and_fits_eighty_columns(command: Command) -> None:
    """Commands come before options, those of the command before the global ones."""
    text = command("--help").out
    places = [text.index(f"\n{section}:") for section in ("Commands", "Options", "Global options")]
    assert places == sorted(places)
    assert "<bool>" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in text.splitlines())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(shell: str) -> None:
    """Completion lists the commands without loading their modules."""
    script = {"COMP_WORDS": "telnyx-video sess", "COMP_CWORD": "1"}
    arguments = {
        "_TYPER_COMPLETE_ARGS": "telnyx-video sess",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run(
        [sys.executable, "-m", "telnyx_video"],
        env=environment(_TELNYX_VIDEO_COMPLETE=f"complete_{shell}", **script, **arguments),
        cwd=ROOMS_CSV.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "sessions" in done.stdout


def test_global_options_may_precede_a_group(command: Command) -> None:
    """Global options are accepted before the group's name."""
    result = command("--sandbox", "--json", "sessions", "list")
    assert (result.code, result.out, result.err) == (0, "", "")
