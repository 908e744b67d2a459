"""The groups of commands: all are told of, and load when they are needed."""

import sys

import pytest

from cli.command import Command
from telnyx_video.cli.app import COMMANDS
from telnyx_video.cli.groups import GROUPS

MODULE = "telnyx_video.cli.groups"


def test_the_help_tells_of_every_command_and_group(command: Command) -> None:
    """Whoever asks for help, or mistypes, learns of all there is."""
    for name in (*COMMANDS, *GROUPS):
        assert f" {name} " in command("--help").out
    assert "sessions" in command("sesions", "list").err


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_tells_of_its_commands(command: Command, group: str) -> None:
    """Each group has a help of its own, which no key is needed for."""
    for arguments in ([group, "-h"], [group]):
        result = command(*arguments)
        assert " list " in result.out + result.err
        assert " get " in result.out + result.err


@pytest.mark.parametrize(("arguments", "loads"), [("create -h", False), ("rooms get -h", True)])
def test_groups_load_when_one_is_named(
    command: Command, monkeypatch: pytest.MonkeyPatch, arguments: str, loads: bool
) -> None:
    """The commands that are used most start without waiting for the others."""
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    assert command(*arguments.split()).code == 0
    assert (MODULE in sys.modules) is loads


def test_options_go_before_a_group_as_well(command: Command) -> None:
    """What holds for any command can be said before the group's name."""
    result = command("--sandbox", "--json", "sessions", "list")
    assert (result.code, result.out, result.err) == (0, "", "")
