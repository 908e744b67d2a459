"""Calls in daemon threads, for calls that may hang."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

SOON = 15.0
"""Seconds after which a call counts as hanging; below the time-out of a request."""


def in_thread(call: Callable[[], T]) -> Future[T]:
    """Run a call in a daemon thread, so that a hanging call only fails its test."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # raised by the future
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
