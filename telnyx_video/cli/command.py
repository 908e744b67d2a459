"""Turns functions into commands: their parameters become options.

Help is plain text, commands first and an example at the end. Typer's own is drawn by Rich, which
takes longer to load than everything else together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import is_dataclass
from functools import wraps
from inspect import Parameter, Signature, isfunction, signature
from typing import Annotated, Any, Protocol, Union, cast, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from telnyx_video.cli.options import GLOBAL, GLOBAL_NAMES, GlobalOptions
from telnyx_video.models import UNSET, Unset

CONTEXT = {"help_option_names": ["-h", "--help"]}


class _Formatter(Protocol):
    def section(self, name: str) -> Any: ...
    def write_dl(self, rows: list[tuple[str, str]]) -> None: ...


class Command(TyperCommand):
    """A command with its options in sections."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then each section of options."""
        _write_options(self.get_params(ctx), ctx, formatter)


class Group(TyperGroup):
    """A group of commands, which come before the options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, then each section of options."""
        self.format_commands(ctx, formatter)
        _write_options(self.get_params(ctx), ctx, formatter)


_TYPE = re.compile(r" <[^>]*>$")  # the help text of a flag or argument says more


def _write_options(params: Iterable[Any], ctx: Any, formatter: _Formatter) -> None:
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for param in params:
        argument = param.param_type_name == "argument"
        section = "Arguments" if argument else param.rich_help_panel or "Options"
        name, text = param.get_help_record(ctx)
        sections.setdefault(section, []).append((_TYPE.sub("", name), text))
    sections[GLOBAL] = sections.pop(GLOBAL, [])
    for section, rows in sections.items():
        if rows:
            with formatter.section(section):
                formatter.write_dl(rows)


def command_group(about: str = "") -> typer.Typer:
    """Return a group without commands."""
    return typer.Typer(
        cls=Group,
        help=about,
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        context_settings=CONTEXT,
    )


def command(
    app: typer.Typer, name: str, *examples: str, takes: Collection[str] = GLOBAL_NAMES
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to a group as a command, see `with_options`.

    Args:
        app: The group.
        name: The command's name.
        examples: Shown at the end of its help.
        takes: The global options that may follow the command's name.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        heading = "Example" if len(examples) == 1 else "Examples"
        epilog = "\n\n".join([f"{heading}: {examples[0]}", *examples[1:]])
        run = with_options(function, takes)
        app.command(name, cls=Command, epilog=epilog, context_settings=CONTEXT)(run)
        return function

    return decorate


def with_options(
    function: Callable[..., None], takes: Collection[str] = GLOBAL_NAMES
) -> Callable[..., None]:
    """Wrap a function for Typer.

    An option whose default is UNSET is UNSET if it is left out. A parameter whose annotation is a
    dataclass becomes one option for each field; if the last metadata of its ``Annotated`` is a
    function, it becomes the parameters of that function, and receives its result.

    Args:
        function: Takes the `GlobalOptions` first, or a subclass, and its own options by name.
        takes: The global options that it takes.
    """
    parameters: dict[str, Parameter] = {}
    groups: dict[str, tuple[Callable[..., object], Collection[str]]] = {}
    first, *own = _parameters(function).values()
    made_for = first.annotation
    for parameter in own:
        group = _group(parameter.annotation)
        members = {parameter.name: parameter}
        if group is not None:
            members = _parameters(group)
            groups[parameter.name] = group, members
        parameters |= members
    unset = {name for name, parameter in parameters.items() if parameter.default is UNSET}

    @wraps(function)
    def run(ctx: typer.Context, **values: Any) -> None:
        ctx.obj = GlobalOptions(**{name: values.pop(name) for name in takes}).after(ctx.obj)
        for name in unset:
            values[name] = UNSET if values[name] is None else values[name]
        for name, (group, members) in groups.items():
            values[name] = group(**{member: values.pop(member) for member in members})
        function(made_for(**vars(ctx.obj)), **values)

    known = _parameters(GlobalOptions)
    context = Parameter("ctx", Parameter.KEYWORD_ONLY, annotation=typer.Context)
    shown = [*map(_optional, parameters.values()), *(known[name] for name in takes)]
    by_name = [parameter.replace(kind=Parameter.KEYWORD_ONLY) for parameter in shown]
    run.__signature__ = Signature([context, *by_name])  # type: ignore[attr-defined] # functions may have one
    return run


def _parameters(made_by: Callable[..., object]) -> dict[str, Parameter]:
    """Return the parameters of a function or dataclass, with evaluated annotations."""
    hints = get_type_hints(made_by, include_extras=True)  # also of base classes
    parameters = signature(made_by).parameters
    return {
        name: parameter.replace(annotation=hints.get(name, parameter.annotation))
        for name, parameter in parameters.items()
    }


def _group(annotation: object) -> Callable[..., object] | None:
    """Return the dataclass or function of a parameter that becomes several options."""
    made_by: Any = get_args(annotation)[-1] if get_origin(annotation) is Annotated else annotation
    stands_for_several: bool = is_dataclass(made_by) or isfunction(made_by)
    return cast("Callable[..., object]", made_by) if stands_for_several else None


def _optional(parameter: Parameter) -> Parameter:
    """Replace UNSET, which Typer does not know, by None."""
    if parameter.default is not UNSET:
        return parameter
    kind, *metadata = get_args(parameter.annotation)
    kinds = [kind for kind in get_args(kind) if kind is not Unset]
    return parameter.replace(
        default=None,
        annotation=Annotated[Union[*kinds, None], *metadata],  # of a list
    )
