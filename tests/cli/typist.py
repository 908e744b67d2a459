"""A terminal with typed input."""

import io


class Typist(io.StringIO):
    """A terminal on which an answer was typed."""

    def isatty(self) -> bool:
        return True
