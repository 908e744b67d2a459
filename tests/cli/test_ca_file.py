"""``--ca-file``: servers with a certificate of a private authority."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import Command
from support.authority import Authority
from telnyx_video.sandbox import Sandbox


@pytest.mark.parametrize("proxy_variable", ["", "NO_PROXY"])
def test_an_authority_in_a_file_is_trusted(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy_variable: str
) -> None:
    """With the file, reads and ``doctor`` succeed."""
    authority = Authority()
    file = str(authority.write(tmp_path / "authority.pem"))
    if proxy_variable:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv(proxy_variable, "127.0.0.1")
    with Sandbox(ssl_context=authority.serving("127.0.0.1")) as sandbox:
        monkeypatch.setenv("TELNYX_API_KEY", sandbox.api_key)
        monkeypatch.setenv("TELNYX_BASE_URL", sandbox.url)
        refused = command("list")
        assert refused.code != 0
        assert "the certificates that you trust" in " ".join(refused.err.split())
        created = command("--ca-file", file, "create", "--unique-name=standup", "--json")
        assert (created.code, created.lines[0]["unique_name"]) == (0, "standup")
        (found,) = command("doctor", "--ca-file", file, "--json").lines
        assert found["read"].startswith("GET /rooms succeeded")
        assert found["clock"] == "within a second of the server's"


@pytest.mark.usefixtures("sandbox")
def test_an_invalid_ca_file_is_named(command: Command, tmp_path: Path) -> None:
    """The message names the file and the problem."""
    result = command("list", "--ca-file", str(tmp_path / "none.pem"))
    assert result.code != 0
    assert "none.pem cannot be read: No such file or directory" in " ".join(result.err.split())
    assert command("doctor", "--ca-file", str(tmp_path / "none.pem")).code == 1
