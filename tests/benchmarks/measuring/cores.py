"""Clients on one core, the server on another, so that neither takes time from the other."""

import os
from typing import Literal


def keep_to(side: Literal["client", "server"]) -> None:
    """Run this process on one core from now on, where the machine lets us choose and has two."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[0] if side == "client" else cores[-1]})
