"""Runs clients and server on different cores, so that neither slows the other."""

import os
from typing import Literal


def keep_to(side: Literal["client", "server"]) -> None:
    """Pin this process to one core, if the machine has two."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[0] if side == "client" else cores[-1]})
