"""Runs the example for Ray in docs/distributed.md on a local Ray."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from telnyx_video.provisioning import Job
from telnyx_video.sandbox import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "distributed.md"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example as a script, and six files of 20 rooms, some of which have no name."""
    blocks = re.findall(r"```\{code-block\} python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (source,) = [block for block in blocks if "import ray\n" in block]
    script = tmp_path / "on_ray.py"
    script.write_text(source)
    (tmp_path / "rooms").mkdir()
    for letter in "abcdef":
        rows = "".join(f"{f'{letter}-{n}' if n % 5 else ''},5\n" for n in range(20))
        (tmp_path / "rooms" / f"{letter}.csv").write_text(f"unique_name,max_participants\n{rows}")
    return script


def run(script: Path, sandbox: Sandbox) -> str:
    """Run the script; return what it printed."""
    environment = {
        "TELNYX_API_KEY": sandbox.api_key,
        "TELNYX_BASE_URL": sandbox.url,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_worker_niceness": "0",  # by default a busy machine starves the workers
    }
    ended = subprocess.run(
        [sys.executable, str(script)],
        cwd=script.parent,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.timeout(900)
def test_a_job_runs_on_ray(example: Path) -> None:
    """Each row gets one room; a second run sends nothing."""
    with Sandbox() as sandbox:
        assert "120 of 120 rooms present: 120 made" in run(example, sandbox)
        assert len(sandbox.rooms) == 120
        sent = sandbox.requests.total()
        assert "120 made" in run(example, sandbox)
        assert (len(sandbox.rooms), sandbox.requests.total()) == (120, sent)
    assert Job.name_in(example.parent / "out") == "spring-term"
