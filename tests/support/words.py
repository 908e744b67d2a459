"""Checks of messages, and names of parametrized cases."""

from support.hostile_values import Faulty


def is_one_line(message: str) -> bool:
    """Whether a message is one printable line."""
    return bool(message) and message.isprintable()


def short(value: object) -> str:
    """Return a short, printable and distinct name for a case with this value."""
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
