"""A terminal with typed input."""

import io


class Typist(io.StringIO):
    """A terminal with a typed answer."""

    def isatty(self) -> bool:
        return True
