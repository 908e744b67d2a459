"""The runner of examples fails for a wrong page."""

from pathlib import Path

import pytest
from sybil.example import SybilFailure

from docs.running import Page

WRONG = {
    "an output that differs": "```python\nprint(1)\n```\n```output\n2\n```",
    "an output that is not shown": "```python\nprint(1)\n```",
    "an output that never comes": "```python\npass\n```\n```output\n1\n```",
    "an example that raises": "```python\nraise ValueError\n```",
    "a check that fails": "```python\nassert False\n```",
    "a command that fails": "```console\n$ false\n```",
    "a command that prints something else": "```console\n$ echo 1\n2\n```",
    "a command of which only the last of a pipe works": "```console\n$ false | true\n```",
    "a file that nobody runs": "```python\n# lost.py\n```",
    "a fence that says no language": "```\nimport this\n```",
    "a command that is not tried though it could be": "```sh\nls\n```",
}

RIGHT = """
```python
import asyncio

turns = 0
await asyncio.sleep(0)
```
```python
turns += 1
print("turn", turns, id(turns))
print("one")
print("two")
print("end")
```
```output
turn 1 …
…
end
```
```python
# hello.py
print("hello")
```
```console
$ export WHOM=$(echo world)
$ python hello.py && echo $WHOM \\
    twice
hello
world twice
$ ls
```
```sh
pip install telnyx-video
```
"""


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_wrong_page_does_not_pass(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of error in an example is noticed."""
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises((SybilFailure, AssertionError, ValueError)):
        Page(page, tmp_path, monkeypatch).run()


def test_a_right_page_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, files, variables and the loop persist between examples."""
    page = tmp_path / "page.md"
    page.write_text(RIGHT, encoding="utf-8")
    assert Page(page, tmp_path, monkeypatch).run() == 6
