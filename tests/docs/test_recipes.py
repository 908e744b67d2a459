"""The Kubernetes job in the recipes, which no example can run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from telnyx_video.cli import main
from telnyx_video.sandbox import Sandbox

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def job() -> Any:
    """The job as the page shows it."""
    return yaml.safe_load((DOCS / "examples" / "job.yaml").read_text(encoding="utf-8"))


def test_the_job_mounts_what_it_names(job: Any) -> None:
    """Each mount has a volume, the results are on a persistent one, and one pod runs."""
    assert (job["apiVersion"], job["kind"], job["spec"]["parallelism"]) == ("batch/v1", "Job", 1)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
    assert pod["restartPolicy"] == "OnFailure"
    assert "persistentVolumeClaim" in mounts["/results"]
    (key,) = container["env"]
    assert (key["name"], *key["valueFrom"]) == ("TELNYX_API_KEY", "secretKeyRef")


def test_its_command_can_be_run_again(
    job: Any, tmp_path: Path, telnyx_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first pod starts from the beginning; the next finds everything done."""
    (container,) = job["spec"]["template"]["spec"]["containers"]
    command: list[str] = container["command"] + container["args"]
    program, arguments = command[0], command[1:]
    for folder in ("input", "results"):
        (tmp_path / folder).mkdir()
        arguments = [
            argument.replace(f"/{folder}/", f"{tmp_path}/{folder}/") for argument in arguments
        ]
    shutil.copy(DOCS / "examples" / "rooms.csv", tmp_path / "input")
    assert program == "telnyx-video"
    assert [main(arguments), main(arguments)] == [0, 0]
    assert telnyx_sandbox.requests["POST /v2/rooms"] == len(telnyx_sandbox.rooms) == 20
    assert (tmp_path / "results" / "rooms.jsonl").exists()
