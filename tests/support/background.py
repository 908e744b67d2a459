"""Calls in threads that cannot outlive the tests, for what might hang."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

SOON = 15.0
"""Seconds after which a call that does not return hangs; below the time-out of a request."""


def in_thread(call: Callable[[], T]) -> Future[T]:
    """Run a call in a daemon thread, so that one that hangs fails a test and no more."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # handed to whoever asks
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
