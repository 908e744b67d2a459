"""The machine and the versions of a measurement."""

import os
import platform
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("telnyx", "aiohttp", "httpx", "httpx-aiohttp", "requests", "orjson", "uvloop")


def describe() -> dict[str, object]:
    """Return a description of the machine, and the versions of the compared packages."""
    described: dict[str, object] = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        platform.python_implementation(): platform.python_version(),
    }
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            described[package] = version(package)
    return described


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
