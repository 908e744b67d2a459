"""The options that every command knows, and the text of options as values.

Values are read here, not by Typer, so that a command names all that is wrong and not the first.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import typer

from telnyx_video import CreateRoomRequest, InvalidRequestError
from telnyx_video.cli.failures import CommandError, describe
from telnyx_video.cli.fields import MOST_DIGITS, request_of

EVERYWHERE = "Everywhere"

Json = Annotated[
    bool,
    typer.Option(
        "--json",
        metavar="",
        help="Print JSON, an object a line, for programs.",
        rich_help_panel=EVERYWHERE,
    ),
]
InSandbox = Annotated[
    bool,
    typer.Option(
        "--sandbox",
        metavar="",
        help="Try it: run against a sandbox that lives as long as the command; needs no key and "
        "no network.",
        rich_help_panel=EVERYWHERE,
    ),
]
Faults = Annotated[
    str | None,
    typer.Option(
        "--faults",
        metavar="FILE",
        help="What goes wrong in the --sandbox: a plan of faults, as JSON.",
        show_default=False,
        rich_help_panel=EVERYWHERE,
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        metavar="URL",
        help="Where the API is; else TELNYX_BASE_URL, else Telnyx.",
        show_default=False,
        rich_help_panel=EVERYWHERE,
    ),
]
AllowInsecure = Annotated[
    bool,
    typer.Option(
        "--allow-insecure",
        metavar="",
        help="Permit plain HTTP to another machine, though it shows the key to the network.",
        rich_help_panel=EVERYWHERE,
    ),
]

IfExists: TypeAlias = Literal["error", "return", "update"]
IF_EXISTS: tuple[IfExists, ...] = ("error", "return", "update")


@dataclass(frozen=True)
class Settings:
    """What holds for any command; each field is an option of all of them."""

    json: Json = False
    sandbox: InSandbox = False
    faults: Faults = None
    base_url: BaseUrl = None
    allow_insecure: AllowInsecure = False

    def after(self, before: object) -> Settings:
        """Join these options, given after the command's name, with those given before it.

        Raises:
            CommandError: they contradict each other.
        """
        if not isinstance(before, Settings):
            before = Settings()
        settings = Settings(
            self.json or before.json,
            self.sandbox or before.sandbox,
            self.faults or before.faults,
            self.base_url or before.base_url,
            self.allow_insecure or before.allow_insecure,
        )
        if settings.sandbox and settings.base_url:
            raise CommandError(["--sandbox is a server of its own: leave out --base-url"])
        return settings


def everywhere(command: Callable[..., None]) -> Callable[..., None]:
    """A command that takes the options of `Settings` beside its own.

    Args:
        command: Is given the settings first, and then its own options by name.
    """
    common = signature(Settings, eval_str=True).parameters
    _, *own = signature(command, eval_str=True).parameters.values()

    @wraps(command)
    def run(ctx: typer.Context, **options: Any) -> None:
        given = Settings(**{name: options.pop(name) for name in common})
        ctx.obj = given.after(ctx.obj)
        command(ctx.obj, **options)

    # What Typer reads: how a function is called says what its options are.
    ctx = Parameter("ctx", Parameter.POSITIONAL_ONLY, annotation=typer.Context)
    run.__signature__ = Signature([ctx, *own, *common.values()])  # type: ignore[attr-defined] # functions may have one
    return run


C = TypeVar("C", bound=str)


class Values:
    """Reads the text of options, and remembers what is wrong with them."""

    def __init__(self) -> None:
        self._problems: list[str] = []

    def request(self, texts: Mapping[str, str | bool | None]) -> CreateRoomRequest:
        """The settings of a room that are given, by their names; None is not given."""
        given = {name: str(text) for name, text in texts.items() if text is not None}
        try:
            return request_of(given)
        except InvalidRequestError as error:
            self.refuse_all(error)
            return CreateRoomRequest()

    def integer(self, option: str, text: str, least: int, most: int | None = None) -> int:
        """A whole number within bounds, which are part of it."""
        is_number = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
        value = int(text) if is_number else None
        if value is not None and least <= value and (most is None or value <= most):
            return value
        bounds = f"{least} or more" if most is None else f"from {least} to {most}"
        self._refuse_value(option, f"a whole number, {bounds}", text)
        return least

    def integer_if_given(
        self, option: str, text: str | None, least: int, most: int | None = None
    ) -> int | None:
        """A whole number within bounds, if it is given."""
        return None if text is None else self.integer(option, text, least, most)

    def host(self, option: str, text: str) -> None:
        """A name or address that can be looked up; an empty one would mean all of them."""
        try:
            fits = bool(text.encode("idna"))
        except UnicodeError:
            fits = False
        if not fits:
            self._refuse_value(option, "a name or an address of this machine", text)

    def rate(self, option: str, text: str | None) -> float | None:
        """A number above 0, if it is given."""
        if text is None:
            return None
        value = _number(text)
        if not 0 < value < math.inf:
            self._refuse_value(option, "a number above 0", text)
        return value

    def seconds(self, option: str, text: str) -> float:
        """A time in seconds, 0 or more."""
        value = _number(text)
        if not 0 <= value < math.inf:
            self._refuse_value(option, "a number of seconds, 0 or more", text)
        return value

    def day(self, option: str, text: str | None) -> date | None:
        """A day, if it is given."""
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._refuse_value(option, "a day such as 2025-01-31", text)
            return None

    def choice(self, option: str, text: str, choices: Sequence[C]) -> C:
        """One of a few words."""
        for choice in choices:
            if text == choice:
                return choice
        self._refuse_value(option, f"{', '.join(choices[:-1])} or {choices[-1]}", text)
        return choices[0]

    def refuse(self, sentence: str) -> None:
        """Note that something is wrong."""
        self._problems.append(sentence)

    def refuse_all(self, error: InvalidRequestError) -> None:
        """Note what is wrong with the fields that options of the same names are for."""
        for detail in error.details:
            _, option, *within = (detail.pointer or "/").split("/")
            sentence = describe(detail)
            if not within:
                sentence = sentence.removeprefix(option).lstrip(": ")
            self.refuse(f"--{option.replace('_', '-')}: {sentence}")

    def done(self) -> None:
        """Refuse the command if anything was wrong.

        Raises:
            CommandError: names each problem.
        """
        if self._problems:
            raise CommandError(self._problems)

    def _refuse_value(self, option: str, wanted: str, text: str) -> None:
        self.refuse(f"{option}: must be {wanted}, not {text!r}")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def require_key() -> None:
    """Refuse the command if there is no API key.

    Raises:
        CommandError: says where the key belongs.
    """
    if not os.environ.get("TELNYX_API_KEY"):
        raise CommandError(
            [
                "there is no API key: set the environment variable TELNYX_API_KEY, "
                "or add --sandbox to try this without one"
            ]
        )
