"""A cluster whose workers are threads of this process, and a sandbox that they find."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import Any

import pytest
from distributed import Client

from telnyx_video.sandbox import Sandbox

dask: Any = import_module("distributed")  # has no types


@pytest.fixture(scope="module")
def cluster() -> Generator[Client]:
    """Two workers of two threads each, which can also be reached by TCP."""
    with (
        dask.LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            processes=False,
            protocol="tcp://",
            dashboard_address="127.0.0.1:0",
        ) as local,
        dask.Client(local) as client,
    ):
        yield client


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Generator[Sandbox]:
    """A sandbox that the workers find in their environment."""
    with Sandbox() as sandbox:
        monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
        monkeypatch.setenv("TELNYX_BASE_URL", sandbox.url)
        yield sandbox
