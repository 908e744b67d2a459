"""Somebody at a terminal."""

import io


class Typist(io.StringIO):
    """A terminal at which somebody has typed an answer."""

    def isatty(self) -> bool:
        return True
