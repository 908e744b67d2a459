"""The package as the rest of the SDK sees it: names that load their module when first used."""

import subprocess
import sys

import pytest

from telnyx_video import _wire

LOADS_LATE = """
import sys
import telnyx_video
loaded = {name for name in sys.modules if name.partition(".")[0] == "cattrs"}
from telnyx_video._wire import *
print(loaded or "nothing", create_room.__name__, MAX_PAGE_SIZE)
"""


def test_the_converter_loads_when_it_is_first_needed() -> None:
    """Importing the package does not pay for compiling the converter; using its names does."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOADS_LATE],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("nothing create_room 250\n", "")


@pytest.mark.parametrize("name", _wire.__all__)
def test_every_listed_name_is_there(name: str) -> None:
    """What the package lists can be used, and stays the same object."""
    assert getattr(_wire, name) is getattr(_wire, name)


def test_a_name_that_does_not_exist_is_said_to_be_missing() -> None:
    """A misspelt name is the usual AttributeError, with the name in it."""
    name = "read_romms"
    with pytest.raises(AttributeError, match=name):
        getattr(_wire, name)
