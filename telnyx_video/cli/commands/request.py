"""``telnyx-video request``: sends a request to any endpoint and prints the reply."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias, cast

import typer
from typer import Option

from telnyx_video.cli.calls import CommandLine, reporting
from telnyx_video.cli.command import command, command_group
from telnyx_video.cli.errors import UNREADABLE, CommandError
from telnyx_video.cli.options import argument
from telnyx_video.cli.output import CsvWriter, stderr
from telnyx_video.cli.runtime import before_sending
from telnyx_video.cli.streams import visible, write_json
from telnyx_video.models import UNSET, RawResponse

app: typer.Typer = command_group()

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@command(
    app,
    "request",
    "telnyx-video request GET /rooms --param 'page[size]=5'",
    "telnyx-video request POST /rooms --data - < room.json",
)
def request(
    cli: CommandLine,
    method: Annotated[Method, argument("METHOD", "GET, POST, PUT, PATCH or DELETE.")],
    path: Annotated[str, argument("PATH", "Below the base URL, such as /rooms.")],
    data: Annotated[
        str | None,
        Option("--data", metavar="JSON", help="The body; - reads it from standard input."),
    ] = None,
    param: Annotated[
        list[str] | None,
        Option(metavar="NAME=VALUE", help="A parameter of the query; repeatable."),
    ] = None,
    header: Annotated[
        list[str] | None,
        Option(metavar="'NAME: VALUE'", help="A further header; repeatable."),
    ] = None,
    idempotent: Annotated[
        bool,
        Option(
            "--idempotent", help="Sending it twice does no harm: retry it if the reply is lost."
        ),
    ] = False,
) -> None:
    """Send a request to any endpoint; print the reply."""
    params = _pairs("--param", "NAME=VALUE", "=", param)
    headers = {
        name: values[-1] for name, values in _pairs("--header", "NAME: VALUE", ":", header).items()
    }
    with before_sending():
        body = UNSET if data is None else _body(data)
    reply = cli.call(
        lambda rooms: rooms.request(
            method, path, json=body, params=params, headers=headers, idempotent=idempotent
        ),
    )
    with reporting(f"the server answered {method} {path} with {reply.status}"):
        _show(reply, cli)


def _pairs(
    option: str, form: str, separator: str, given: Iterable[str] | None
) -> dict[str, list[str]]:
    """Split the values of an option into names and values; names may be repeated.

    Raises:
        CommandError: a value has no separator; it is not quoted, since it may be a secret.
    """
    pairs: dict[str, list[str]] = {}
    for text in given or ():
        name, found, value = text.partition(separator)
        if not found or not name.strip():
            raise CommandError(f"{option}: must be {form}")
        pairs.setdefault(name.strip(), []).append(value.strip())
    return pairs


def _body(text: str) -> object:
    """Read JSON from the option or standard input.

    Raises:
        CommandError: it is not JSON.
    """
    try:
        if text == "-":
            text = "" if sys.stdin is None else sys.stdin.read()
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    except RecursionError:
        problem = "it is nested too deeply"
    except ValueError as error:
        problem = str(error)
    raise CommandError(f"--data: this is not JSON: {problem}")


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not a JSON value")


def _show(reply: RawResponse, cli: CommandLine) -> None:
    """Print the content: as JSON, on one line or indented, as CSV, or as text."""
    if not reply.body:
        stderr().print(f"Status {reply.status}, without content.")
    elif cli.format == "json":
        write_json(reply.json())
    elif cli.format == "csv":
        _show_csv(reply.json())
    else:
        sys.stdout.write(_readable(reply) + "\n")
        sys.stdout.flush()


def _show_csv(content: object) -> None:
    """Print a row for each object in ``data``, or for the content itself.

    Raises:
        CommandError: there are no objects.
    """
    if isinstance(content, Mapping):
        content = cast("Mapping[str, object]", content).get("data", cast("object", content))
    items = cast("list[object]", content) if isinstance(content, list) else [content]
    rows = [cast("Mapping[str, object]", item) for item in items if isinstance(item, Mapping)]
    if len(rows) < len(items):
        problem = "the reply has no objects to make rows of CSV from: use --output json"
        raise CommandError(problem, code=UNREADABLE)
    writer = CsvWriter([*dict.fromkeys(name for row in rows for name in row)])
    for row in rows:
        writer.write(row)


def _readable(reply: RawResponse) -> str:
    try:
        return json.dumps(json.loads(reply.body), indent=2)
    except (ValueError, RecursionError):
        return "\n".join(map(visible, reply.body.decode(errors="replace").splitlines()))
