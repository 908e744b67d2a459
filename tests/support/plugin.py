"""The import path of the package and its pytest plugin."""

import os
from importlib.util import find_spec
from pathlib import Path

import telnyx_video


def import_path() -> str:
    """Return a `PYTHONPATH` for another process."""
    plugin = find_spec("pytest_telnyx_video")
    assert plugin is not None
    assert plugin.origin is not None
    package = Path(telnyx_video.__file__).parents[1]
    return os.pathsep.join([str(package), str(Path(plugin.origin).parent)])
