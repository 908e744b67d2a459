"""The allowed imports: the floors of the package, and a few rules between its rooms.

The rules keep decisions free of I/O, each dependency in one place, and the sandbox free of the
client, since the two must not share a misreading of the API.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from structure.house import (
    FACADE,
    PACKAGE,
    Import,
    circles,
    graph_of,
    imports_in,
    imports_of,
    is_within,
    modules_in,
    room_of,
)

FLOORS = (
    "_base sandbox",
    "config models observing",
    "errors webhooks",
    "_transport _wire testing",
    "_execution",
    "batch resources",
    "client provisioning",
    f"{FACADE} dask",
    "_pytest cli __main__",
)
"""From the lowest to the highest: a room imports only rooms of lower floors."""

FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS, 1) for room in rooms.split()}

PLACES = {
    "aiohttp": "_transport sandbox webhooks.aiohttp cli.commands.listen",
    "yarl": "_transport sandbox",
    "multidict": "_transport sandbox",
    "cattrs": "models._codec",
    "orjson": "_base.json",
    "cryptography": "webhooks.verify sandbox.webhooks",
    "opentelemetry": "observing.opentelemetry",
    "uvloop": "client._fast_loop cli.runtime dask.worker",
    "rich": "cli",
    "typer": "cli",
    "distributed": "dask cli.batch.cluster",
    "pytest": "_pytest",
    "pytest_asyncio": "_pytest",
}
"""Where each library is used, so that it can be replaced. attrs may be used everywhere."""

IMPURE = (
    "aiohttp asyncio http.client os random secrets select socket ssl subprocess threading time "
    "urllib.request"
)
"""Modules that wait, read the clock, draw random numbers or do I/O."""

PURE = (
    "_base _wire errors models observing.__init__ "
    "_execution.circuit_breaker _execution.evidence _execution.rate_limit _execution.reconcile "
    "_execution.retry _execution._download_state "
    "sandbox.checks sandbox.media webhooks.events"
)
"""Modules that decide without I/O."""


def is_in(found: Import, places: str) -> bool:
    """Whether the importing module is one of these, or lies in one of them."""
    module = found.module
    if found.module.count(".") == 1 and f"{room_of(module)}.{FACADE}" in places.split():
        return True
    return is_within(module.removeprefix(f"{PACKAGE}."), places)


def imports_upwards(found: Import) -> bool:
    """A room imports only rooms of lower floors; type checkers' imports count."""
    if not found.is_inner or room_of(found.module) == room_of(found.target):
        return False
    return FLOOR_OF[room_of(found.target)] >= FLOOR_OF[room_of(found.module)]


def uses_a_library_elsewhere(found: Import) -> bool:
    """Each library is imported in one place; names for type checkers only are free."""
    library = found.target.partition(".")[0]
    if found.is_inner or library in (sys.stdlib_module_names | {"attrs"}):
        return False
    return found.moment != "for types" and not is_in(found, PLACES.get(library, ""))


def decides_with_io(found: Import) -> bool:
    """Modules that decide import nothing that waits, reads the clock or does I/O."""
    return found.moment != "for types" and is_within(found.target, IMPURE) and is_in(found, PURE)


def ties_sandbox_and_client(found: Import) -> bool:
    """The sandbox imports no other room, and only the command line and the plugin import it."""
    rooms = {room_of(found.module), room_of(found.target) if found.is_inner else "sandbox"}
    return found.is_inner and "sandbox" in rooms and not rooms <= {"sandbox", "cli", "_pytest"}


def looks_behind_the_public_names(found: Import) -> bool:
    """The rooms built on the client, such as the command line, use public names only."""
    outside = is_in(found, "cli dask provisioning _pytest __main__")
    own = room_of(found.module) == room_of(found.target)
    private = any(part.startswith("_") for part in found.target.split("."))
    return found.is_inner and outside and not own and private


def ties_webhooks_and_calls(found: Import) -> bool:
    """Receiving webhooks shares no code with making calls, except models and parsing."""
    calls = {"_transport", "_execution", "resources", "client", "batch", "config"}
    return found.is_inner and is_in(found, "webhooks") and room_of(found.target) in calls


def ties_the_batch_to_http(found: Import) -> bool:
    """A batch gets the function that creates a room: it knows no transport and no call."""
    http = " ".join(
        f"{PACKAGE}.{place}"
        for place in ("_transport", "_execution.attempt", "_execution.call", "_execution.create")
    )
    return is_in(found, "batch") and is_within(found.target, http)


def ties_create_and_call(found: Import) -> bool:
    """`create` and `call` both use `attempt`, and neither uses the other."""
    pair = f"{PACKAGE}._execution.create", f"{PACKAGE}._execution.call"
    return found.module in pair and found.target in pair


def loads_the_package_early(found: Import) -> bool:
    """Pytest loads the plugin at every start, and must not load the package then."""
    early = found.is_inner or found.target == "pytest_asyncio"
    return early and is_in(found, "_pytest") and found.moment == "eagerly"


def loads_an_extra_early(found: Import) -> bool:
    """The command line loads slow modules only for the commands that need them."""
    slow = f"aiohttp distributed uvloop {PACKAGE}.dask {PACKAGE}.sandbox {PACKAGE}.webhooks"
    return is_in(found, "cli") and found.moment == "eagerly" and is_within(found.target, slow)


RULES: tuple[Callable[[Import], bool], ...] = (
    imports_upwards,
    uses_a_library_elsewhere,
    decides_with_io,
    ties_sandbox_and_client,
    looks_behind_the_public_names,
    ties_webhooks_and_calls,
    ties_the_batch_to_http,
    ties_create_and_call,
    loads_the_package_early,
    loads_an_extra_early,
)


def source_folder() -> Path:
    """Return the folder of the package under test, installed or in the tree."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


MODULES = modules_in(source_folder())


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    """Read the package once, and only where its imports are tested."""
    return imports_of(MODULES)


def test_every_room_has_a_floor() -> None:
    """`FLOORS` lists every room."""
    # The plugin is installed next to the package; in a wheel it is not within its folder.
    assert {*map(room_of, MODULES)} | {"_pytest"} == FLOOR_OF.keys()


def test_the_architecture_page_has_the_floors() -> None:
    """Its table lists each room on the floor that `FLOORS` gives it."""
    page = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| ([^|]*) \|", page, re.MULTILINE)
    listed = {room: int(floor) for floor, rooms in rows for room in re.findall(r"`(\w+)`", rooms)}
    assert {room.replace("__init__", FACADE): floor for room, floor in listed.items()} == FLOOR_OF


@pytest.mark.parametrize("breaks", RULES)
def test_the_package_keeps_each_rule(
    breaks: Callable[[Import], bool], imports: list[Import]
) -> None:
    """No import of the package breaks a rule."""
    assert list(filter(breaks, imports)) == []


def test_no_modules_import_each_other(imports: list[Import]) -> None:
    """There is an order in which every module comes after its imports."""
    assert circles(graph_of(imports)) == set()


def test_each_place_of_a_rule_exists() -> None:
    """A rule about a module that has moved would check nothing."""
    places = " ".join([*PLACES.values(), PURE]).split()
    modules = {f"{PACKAGE}.{place}".removesuffix(f".{FACADE}") for place in places}
    assert modules - MODULES.keys() <= {f"{PACKAGE}._pytest"}


@pytest.mark.parametrize(
    ("module", "source", "broken"),
    [
        ("models.rooms", "import telnyx_video.errors", imports_upwards),
        ("models.rooms", "from ..errors import ApiError", imports_upwards),
        ("models.rooms", "from .. import client", imports_upwards),
        ("models.rooms", "from telnyx_video import Room", imports_upwards),
        ("models.rooms", "def f():\n    from telnyx_video import errors", imports_upwards),
        ("errors", "if TYPE_CHECKING:\n    from telnyx_video import client", imports_upwards),
        ("models.rooms", "from telnyx_video._base import text", None),
        ("models.rooms", "from .base import Model", None),
        ("client.blocking", "import aiohttp", uses_a_library_elsewhere),
        ("client.blocking", "def f():\n    import aiohttp", uses_a_library_elsewhere),
        ("client.blocking", "if TYPE_CHECKING:\n    import aiohttp", None),
        ("client.blocking", "if typing.TYPE_CHECKING:\n    import aiohttp", None),
        ("errors", "import requests", uses_a_library_elsewhere),
        ("models.base", "from cattrs import Converter", uses_a_library_elsewhere),
        ("models._codec", "from cattrs import Converter", None),
        ("_execution.reconcile", "from time import monotonic", decides_with_io),
        ("_execution.retry", "def f():\n    import random", decides_with_io),
        ("_wire.requests", "from urllib.request import urlopen", decides_with_io),
        ("_wire.requests", "from urllib.parse import urlsplit", None),
        ("observing", "import asyncio", decides_with_io),
        ("observing.opentelemetry", "import time", None),
        ("_execution.attempt", "import asyncio", None),
        ("batch.stream", "from telnyx_video.sandbox import Sandbox", ties_sandbox_and_client),
        ("dask.worker", "from telnyx_video.sandbox import Sandbox", ties_sandbox_and_client),
        ("cli.runtime", "def f():\n    from telnyx_video.sandbox import Sandbox", None),
        ("sandbox.app", "from aiohttp import web", None),
        ("cli.app", "from telnyx_video import _wire", looks_behind_the_public_names),
        (
            "cli.app",
            "from telnyx_video.client._portal import Portal",
            looks_behind_the_public_names,
        ),
        ("cli.app", "from telnyx_video import Room", None),
        ("cli.batch.run", "from telnyx_video.cli._x import y", None),
        ("webhooks.asgi", "from telnyx_video import config", ties_webhooks_and_calls),
        ("batch.stream", "from telnyx_video._execution.create import x", ties_the_batch_to_http),
        ("batch.stream", "from telnyx_video._execution import retry", None),
        ("_execution.create", "from telnyx_video._execution.call import x", ties_create_and_call),
        ("_execution.call", "from . import create", ties_create_and_call),
        ("_pytest.plugin", "from telnyx_video import Room", loads_the_package_early),
        ("_pytest.plugin", "import pytest_asyncio", loads_the_package_early),
        ("_pytest.plugin", "def f():\n    from telnyx_video import Room", None),
        ("cli.runtime", "import uvloop", loads_an_extra_early),
        ("cli.runtime", "def f():\n    import uvloop", None),
    ],
)
def test_the_rules_see_each_form_of_import(
    module: str, source: str, broken: Callable[[Import], bool] | None
) -> None:
    """Absolute, relative, lazy and type-only imports are distinguished, and each rule can fail."""
    name = f"{PACKAGE}.{module}"
    package = name if MODULES.get(name, Path()).stem == FACADE else name.rpartition(".")[0]
    found = list(imports_in(source, name, package, set(MODULES)))
    expected = [] if broken is None else [broken]
    assert [rule for rule in RULES for each in found if rule(each)] == expected


NOT_LOADED = (
    "aiohttp.web",
    "cryptography",
    "opentelemetry",
    "rich",
    "sqlite3",
    "telnyx_video.client._fast_loop",
    "telnyx_video.cli",
    "telnyx_video.dask",
    "telnyx_video.observing",
    "telnyx_video.sandbox",
    "typer",
    "uvloop",
)

WHAT_AN_IMPORT_LOADS = """
import sys, threading
import telnyx_video
print(*sys.modules)
print(*(thread.name for thread in threading.enumerate()))
"""


def test_importing_the_package_loads_no_extra_and_starts_no_thread() -> None:
    """A service pays only for what it uses: the rest loads when needed."""
    # When coverage follows a subprocess, it loads modules there.
    environment = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
    loaded, threads = subprocess.run(
        [sys.executable, "-c", WHAT_AN_IMPORT_LOADS],
        cwd=source_folder().parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert [name for name in NOT_LOADED if name in loaded.split()] == []
    assert threads.split() == ["MainThread"]
