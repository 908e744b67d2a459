"""Importing the webhooks, with and without their extra."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import telnyx_video
from telnyx_video import errors, webhooks

WITHOUT = """
import sys
sys.modules["{missing}"] = None
try:
    import {module}
except ImportError as error:
    print(error)
"""


def printed_by(program: str, environment: dict[str, str] | None = None) -> str:
    """Return the output of the program in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(telnyx_video.__file__).parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.parametrize("module", ["telnyx_video.webhooks.aiohttp", "telnyx_video.testing"])
def test_without_the_extra_a_sentence_says_what_to_install(module: str) -> None:
    """Without the extra the import fails and names it; it does not wait for the first delivery."""
    assert printed_by(WITHOUT.format(missing="cryptography", module=module)) == (
        "telnyx_video.webhooks needs cryptography, which is not installed: "
        "pip install 'telnyx-video[webhooks]'"
    )


def test_another_missing_module_is_reported_as_such() -> None:
    """Another missing module is not reported as the missing extra."""
    missing = "telnyx_video.webhooks.verify"
    said = printed_by(WITHOUT.format(missing=missing, module="telnyx_video.webhooks"))
    assert missing in said
    assert "pip install" not in said


def test_the_rest_of_the_package_works_without_the_extra() -> None:
    """Without cryptography everything but webhooks works."""
    assert printed_by(WITHOUT.format(missing="cryptography", module="telnyx_video")) == ""


def test_the_asgi_application_loads_no_server() -> None:
    """The ASGI application does not import aiohttp.web."""
    program = "import sys, telnyx_video.webhooks.asgi; print('aiohttp.web' in sys.modules)"
    # When coverage follows a subprocess, it loads modules of its own there.
    environment = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
    assert printed_by(program, environment) == "False"


def test_the_public_names_can_be_imported() -> None:
    """Each published name is there, and the error is that of the package."""
    assert [name for name in webhooks.__all__ if not hasattr(webhooks, name)] == []
    assert webhooks.WebhookVerificationError is errors.WebhookVerificationError
    assert webhooks.WebhookVerificationError is telnyx_video.WebhookVerificationError
