"""The error without OpenTelemetry."""

import sys
from importlib import import_module
from types import ModuleType
from typing import NoReturn

import pytest

ADAPTER = "telnyx_video.observing.opentelemetry"


class Broken(ModuleType):
    """A package with a missing dependency."""

    def __getattr__(self, name: str) -> NoReturn:
        raise ModuleNotFoundError("No module named 'something_else'", name="something_else")


@pytest.mark.parametrize(
    ("installed", "said"),
    [
        (
            None,
            "telnyx_video.observing.opentelemetry needs opentelemetry-api, which is not installed: "
            "pip install 'telnyx-video[telemetry]'",
        ),
        (Broken("opentelemetry"), "No module named 'something_else'"),
    ],
    ids=["not installed", "broken"],
)
def test_a_sentence_says_what_to_install_if_that_helps(
    monkeypatch: pytest.MonkeyPatch, installed: ModuleType | None, said: str
) -> None:
    """The error names the extra, but only if OpenTelemetry itself is missing."""
    monkeypatch.delitem(sys.modules, ADAPTER, raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", installed)
    with pytest.raises(ModuleNotFoundError) as raised:
        import_module(ADAPTER)
    assert str(raised.value) == said
