"""Turns any error into sentences and an exit code.

The library's messages name Python arguments; here they name options.
"""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from telnyx_video.errors import (
    ConfigurationError,
    ErrorDetail,
    InvalidRequestError,
    Outcome,
    TelnyxVideoError,
)

FAILED = 1
"""Exit code: a request failed, or not everything was done."""

MISUSED = 2
"""Exit code: bad usage or input; nothing was sent."""

UNKNOWN = 3
"""Exit code: nothing failed for certain, but the outcome of a request is unknown."""

UNREADABLE = 4
"""Exit code: everything was done, but a reply could not be read."""

SIGNALLED = 128
"""Added to a signal's number: the exit code that shells give to a signal."""


class CommandError(Exception):
    """Ends the command with an exit code, after printing a sentence for each problem."""

    def __init__(self, *sentences: str, code: int = MISUSED) -> None:
        super().__init__(*sentences)
        self.sentences: Final = sentences
        self.code = code


def explain(error: Exception) -> CommandError:
    """Any error as a `CommandError`."""
    match error:
        case CommandError():
            return error
        case InvalidRequestError():
            return CommandError(*(describe(detail) for detail in error.details))
        case ConfigurationError():
            return CommandError(in_terms_of_options(error.message))
        case TelnyxVideoError():
            return CommandError(in_terms_of_options(error.message), code=_code(error.outcome))
        case OSError():
            return CommandError(reason(error), code=FAILED)
        case _:
            return _bug(error)


def _code(outcome: Outcome) -> int:
    codes = {Outcome.UNKNOWN: UNKNOWN, Outcome.APPLIED: UNREADABLE}
    return codes.get(outcome, FAILED)


def describe(detail: ErrorDetail) -> str:
    """Describe a problem with a field, without the value's type: options are text."""
    return in_terms_of_options(str(detail)).removesuffix(" (str)")


@contextmanager
def options_checked() -> Generator[None]:
    """Report invalid fields of a request by the names of their options.

    Raises:
        CommandError: lists each problem.
    """
    try:
        yield
    except InvalidRequestError as error:
        raise CommandError(*(_of_option(detail) for detail in error.details)) from None


def _of_option(detail: ErrorDetail) -> str:
    _, field, *within = (detail.pointer or "/").split("/")
    sentence = describe(detail)
    if not within:
        sentence = sentence.removeprefix(field).lstrip(": ")
    return f"--{field.replace('_', '-')}: {sentence}"


def reason(error: OSError) -> str:
    """Return the system's message without the number, and the file's name if there is one."""
    text = error.strerror or str(error) or type(error).__name__
    if error.errno == errno.EADDRINUSE:
        text += " - choose another one with --port, or none, for any that is free"
    return f"{error.filename}: {text}" if error.filename is not None else text


def in_terms_of_options(message: str) -> str:
    """Replace the names of arguments in a message by options."""
    for argument, option in _OPTIONS:
        message = message.replace(argument, option)
    return message


_OPTIONS = (
    ('pass if_exists="return" or "update"', "pass --if-exists return or --if-exists update"),
    ('if_exists="return"', "--if-exists return"),
    ('if_exists="update"', "--if-exists update"),
    ("compare list(created_at=...) first", "compare the list --created-on today's date first"),
    (
        "compare compositions.list(session_id=..., created_at=...) first",
        "compare compositions list --session-id ID --created-on today's date first",
    ),
    (
        "compare recordings.list(...) with the same filters first",
        "compare recordings list with the same filters first",
    ),
    ("with a unique_name, or auto_name=True,", "with a unique_name"),
    ("pass api_key=..., or set", "set"),
    ("pass public_key=..., or set", "pass --public-key, or set"),
    ("public_key", "--public-key"),
    ("pass allow_insecure=True", "add --allow-insecure"),
    ("lanes need max_rate", "lanes need --max-rate"),
    ("base_url", "the base URL (--base-url or TELNYX_BASE_URL)"),
)


def _bug(error: Exception) -> CommandError:
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    sentences = [f"this is a bug in telnyx-video, please report it: {what}"]
    if os.environ.get("TELNYX_LOG") == "debug":
        sentences.append("".join(traceback.format_exception(error)).rstrip())
    else:
        sentences.append("with TELNYX_LOG=debug in the environment, it says where it happened")
    return CommandError(*sentences, code=FAILED)
