"""Checks of messages, and names for the cases of a parametrization."""

from support.hostile_values import Faulty


def is_one_line(message: str) -> bool:
    """Tell whether a message can stand in a log: a line that no character of it breaks or hides."""
    return bool(message) and message.isprintable()


def short(value: object) -> str:
    """Return a name for a case with this value: printable, not long, and unlike its neighbours'."""
    if isinstance(value, int) and value.bit_length() > 70:
        return f"{'-' if value < 0 else ''}{value.bit_length()} bits"
    if isinstance(value, Faulty):
        return "faulty"
    if isinstance(value, Exception):
        return f"{type(value).__name__} {len(str(value))}"
    if isinstance(value, str | bytes) and len(value) > 50:
        return f"{ascii(value[:40])[:40]}..{len(value)}"
    text = ascii(value)
    return text if len(text) <= 50 else f"{text[:40]}..{len(text)}"
