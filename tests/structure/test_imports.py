"""Who may import whom. `TABLE` is the map of the package: a new module starts with a row here.

The rules keep decisions free of I/O, each dependency in one place, and the sandbox free of the
client, since the two must not share one misreading of the API.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pytest

PACKAGE = "telnyx_video"


@dataclass(frozen=True)
class Row:
    """What one module may import: siblings by name, the outside world by package.

    `lazy` is allowed inside functions only, `types` under `if TYPE_CHECKING` only. The standard
    library is open but for `never`.

    A package such as `cli` is one row: its modules may import each other. One of them that needs
    a rule of its own has a second row (`_wire.json`), which then counts instead.
    """

    siblings: str = ""
    outside: str = ""
    lazy: str = ""
    types: str = ""
    never: str = ""


# What waits, tells the time, rolls dice or talks to the world: not for modules that only decide.
IMPURE = (
    "asyncio http.client os random secrets select socket ssl subprocess threading time "
    "urllib.request"
)

TABLE = {
    # The base: facts without behaviour.
    "_version": Row(never=IMPURE),
    "_http": Row(never=IMPURE),
    "_text": Row(never=IMPURE),
    "errors": Row(siblings="_text", outside="attrs", types="models", never=IMPURE),
    "_checks": Row(siblings="_text errors", never=IMPURE),
    # `to_dict` and `from_dict` are the two conveniences that reach up to the converter.
    "models": Row(siblings="_checks _text errors", outside="attrs", lazy="_wire", never=IMPURE),
    "observing": Row(outside="attrs", types="errors", never=IMPURE),
    # Bytes to models and back.
    "_wire": Row(siblings="_checks _http _text errors models", never=IMPURE),
    "_wire.converter": Row(siblings="_text errors models", outside="attrs cattrs", never=IMPURE),
    "_wire.answers": Row(siblings="_http _wire errors models", outside="attrs", never=IMPURE),
    "_wire.dump": Row(siblings="models", never=IMPURE),
    "_wire.kinds": Row(siblings="models", outside="attrs", never=IMPURE),
    "_wire.shapes": Row(siblings="models", outside="attrs", never=IMPURE),
    "_wire.values": Row(never=IMPURE),
    "_wire.json": Row(outside="orjson", never=IMPURE),
    # Decisions: functions of what is known, the time and a random number.
    "_retry": Row(siblings="_checks _http errors", outside="attrs", never=IMPURE),
    "_pacing": Row(siblings="errors", outside="attrs", never=IMPURE),
    "_outage": Row(siblings="errors", outside="attrs", never=IMPURE),
    "_delivery": Row(siblings="_retry _text errors models", outside="attrs", never=IMPURE),
    # Input and output.
    "_observe": Row(siblings="_http errors", types="observing", never=IMPURE),
    "_hooks": Row(siblings="_http _observe errors observing", outside="attrs", never=IMPURE),
    "config": Row(siblings="_checks _text errors", outside="attrs"),
    # Waiting in line, for the transport's connections and a batch's outcomes.
    "_slots": Row(),
    "_transport": Row(
        siblings="_checks _http _observe _slots _text _version config errors",
        outside="aiohttp attrs yarl",
    ),
    # Only for clients that have hooks, and only loaded for them.
    "_transport.watched": Row(siblings="_hooks _http config observing", types="aiohttp"),
    "_paging": Row(siblings="errors models", outside="attrs"),
    "_exchange": Row(
        siblings="_http _outage _pacing _retry _transport _wire errors models",
        outside="attrs",
        types="aiohttp",
    ),
    "_pursuit": Row(
        siblings="_delivery _http _observe _paging _retry _transport _wire errors models",
        outside="attrs",
        types="_calls observing",
    ),
    "_calls": Row(
        siblings=(
            "_delivery _exchange _http _observe _pursuit _retry _transport _wire errors models"
        ),
        outside="attrs",
        types="aiohttp observing",
    ),
    "_watched": Row(
        siblings=(
            "_calls _delivery _exchange _hooks _http _observe _transport config errors models "
            "observing"
        ),
        outside="attrs",
    ),
    "batch": Row(
        siblings="_delivery _slots _text _wire errors models", outside="attrs", lazy="fcntl"
    ),
    # What callers hold.
    "_arguments": Row(
        siblings="_checks _delivery _retry _text errors models",
        types="observing",
        never=IMPURE,
    ),
    "_operations": Row(
        siblings="_arguments _calls _checks _http _paging _retry _transport errors models",
        types="_watched aiohttp",
    ),
    "_download": Row(siblings="_retry _transport errors models", outside="attrs"),
    "_download.course": Row(siblings="_retry", outside="attrs", never=IMPURE),
    "_download.part": Row(never="asyncio"),
    "groups": Row(
        siblings=(
            "_arguments _calls _checks _delivery _operations _paging _retry _text _wire errors "
            "models"
        ),
        outside="attrs",
        lazy="_download",
        types="_watched aiohttp observing",
    ),
    "_creator": Row(siblings="_calls _delivery models", outside="attrs", types="_watched"),
    "client": Row(
        siblings=(
            "_arguments _calls _creator _delivery _exchange _retry _transport batch config errors "
            "groups"
        ),
        lazy="_watched",
        types="aiohttp observing",
    ),
    "_fast_loop": Row(outside="uvloop"),
    "_portal": Row(siblings="errors", lazy="_fast_loop"),
    "_twins": Row(siblings="_paging _portal models"),
    "groups.blocking": Row(siblings="_twins groups"),
    "blocking": Row(siblings="_portal _twins batch client errors", lazy="groups"),
    "webhooks": Row(siblings="_text _wire errors models", outside="attrs"),
    "webhooks._ed25519": Row(outside="cryptography", never=IMPURE),
    "webhooks.verify": Row(siblings="_text errors", never="asyncio random socket time"),
    "webhooks.events": Row(siblings="models", outside="attrs", never=IMPURE),
    "webhooks.aiohttp": Row(outside="aiohttp"),
    "webhooks.asgi": Row(siblings="errors"),
    "opentelemetry": Row(siblings="_version errors observing", outside="attrs opentelemetry"),
    "__init__": Row(siblings="_retry _version batch blocking client config errors models"),
    # Beside the client: never loaded by it.
    "sandbox": Row(outside="aiohttp attrs multidict yarl"),
    "sandbox.state": Row(outside="attrs", never="asyncio random socket"),
    "sandbox.checks": Row(outside="attrs", never=IMPURE),
    "sandbox.media": Row(never=IMPURE),
    "sandbox.tokens": Row(never=IMPURE),
    # The server signs by itself: a slip in it must not hide one in the client.
    "sandbox.webhooks.signing": Row(lazy="cryptography", types="cryptography", never=IMPURE),
    "sandbox.webhooks.policy": Row(outside="attrs", never=IMPURE),
    "sandbox.api": Row(outside="attrs", never="asyncio random socket"),
    "testing": Row(
        siblings="_text _wire client errors models sandbox webhooks",
        outside="attrs",
        lazy="pytest",
    ),
    "_pytest": Row(
        types="__init__ sandbox testing",
        outside="pytest",
        lazy="__init__ pytest_asyncio sandbox testing",
    ),
    "__main__": Row(siblings="cli"),
    "cli": Row(
        siblings="__init__ config errors models observing",
        outside="rich typer",
        lazy="aiohttp sandbox uvloop webhooks",
        types="aiohttp",
    ),
}

# What `from telnyx_video import Room` imports, in the words of the table.
FACADE = "__init__"

Moment = Literal["at once", "lazily", "for types"]


@dataclass(frozen=True)
class Import:
    """One imported module, by its absolute name, and when the import happens."""

    name: str
    moment: Moment
    line: int

    @property
    def sibling(self) -> str | None:
        """The module of this package that is imported, as the table calls it, or None."""
        if self.name == PACKAGE:
            return FACADE
        inside = self.name.removeprefix(f"{PACKAGE}.")
        return inside if inside != self.name else None


def source_folder() -> Path:
    """Return the folder of the package under test, be it installed or in the tree."""
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def module_files(folder: Path) -> dict[str, Path]:
    """Return the package's modules by dotted name (`client`, `cli.app`)."""
    return {
        ".".join(path.relative_to(folder).with_suffix("").parts): path
        for path in sorted(folder.rglob("*.py"))
    }


def room_of(module: str) -> str:
    """Return the top-level module or package that a module belongs to."""
    return module.split(".")[0]


def row_of(module: str) -> Row:
    """Return the row that speaks of a module: its own, else that of its nearest package."""
    while module not in TABLE:
        module = module.rpartition(".")[0]
    return TABLE[module]


def is_type_checking(test: ast.expr) -> bool:
    """Tell whether a condition is `TYPE_CHECKING`, however it was imported."""
    return ast.unparse(test).split(".")[-1] == "TYPE_CHECKING"


def statements_in(
    node: ast.AST, moment: Moment = "at once"
) -> Iterator[tuple[ast.Import | ast.ImportFrom, Moment]]:
    """Yield the import statements of a syntax tree, with the moment at which each is executed."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node, moment
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        moment = "lazily"
    only_for_types = node.body if isinstance(node, ast.If) and is_type_checking(node.test) else []
    for child in ast.iter_child_nodes(node):
        yield from statements_in(child, "for types" if child in only_for_types else moment)


def names_in(
    statement: ast.Import | ast.ImportFrom, module: str, modules: frozenset[str]
) -> Iterator[str]:
    """Yield the absolute names of the modules that a statement in `module` imports.

    `modules` are the package's own: they tell `from . import errors`, a module, from
    `from . import Room`, a name of the package itself.
    """
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
        return
    here = [PACKAGE, *module.split(".")]
    base = here[: len(here) - statement.level] if statement.level else []
    source = ".".join([*base, *filter(None, [statement.module])])
    own = {f"{PACKAGE}.{name}" for name in modules | {room_of(name) for name in modules}}
    for alias in statement.names:
        target = f"{source}.{alias.name}"
        yield target if target in own else source


def imports_in(source: str, module: str, modules: frozenset[str]) -> Iterator[Import]:
    """Yield every import of a module's source."""
    for statement, moment in statements_in(ast.parse(source)):
        for name in names_in(statement, module, modules):
            yield Import(name, moment, statement.lineno)


def matches(name: str, allowed: str) -> bool:
    """Tell whether a dotted name is one of the allowed ones or lies below one of them."""
    return any(name == entry or name.startswith(f"{entry}.") for entry in allowed.split())


def is_allowed(found: Import, module: str) -> bool:
    """Judge one import by the row of the module that holds it."""
    row = row_of(module)
    if found.sibling is not None and room_of(found.sibling) == room_of(module):
        return True
    allowed = f"{row.siblings} {row.outside}"
    if found.moment != "at once":
        allowed += f" {row.lazy}"
    if found.moment == "for types":
        allowed += f" {row.types}"
    if matches(found.sibling or found.name, allowed):
        return True
    is_stdlib = found.name.split(".")[0] in sys.stdlib_module_names
    return is_stdlib and not matches(found.name, row.never)


def violations(source: str, module: str, modules: frozenset[str]) -> list[str]:
    """Return a line for each import of the source that the module's row does not allow."""
    return [
        f"{module}, line {found.line}: may not import {found.name} {found.moment}"
        for found in imports_in(source, module, modules)
        if not is_allowed(found, module)
    ]


MODULES = module_files(source_folder())


def test_every_module_has_a_row() -> None:
    """A module that the table does not know was added without deciding where it belongs."""
    assert {room_of(module) for module in MODULES} - TABLE.keys() == set()


@pytest.mark.parametrize("module", [module for module in MODULES if room_of(module) in TABLE])
def test_a_module_imports_only_what_its_row_allows(module: str) -> None:
    """Each import of the package is one that the table allows, at the moment it allows it."""
    source = MODULES[module].read_text(encoding="utf-8")
    assert violations(source, module, frozenset(MODULES)) == []


@pytest.mark.parametrize(
    ("dependency", "rows"),
    [
        ("aiohttp", {"_transport", "cli", "sandbox", "webhooks.aiohttp"}),
        ("cattrs", {"_wire.converter"}),
        ("orjson", {"_wire.json"}),
        ("rich", {"cli"}),
        ("typer", {"cli"}),
        ("cryptography", {"webhooks._ed25519", "sandbox.webhooks.signing"}),
        ("opentelemetry", {"opentelemetry"}),
        ("uvloop", {"_fast_loop", "cli"}),
    ],
)
def test_each_dependency_has_one_place(dependency: str, rows: set[str]) -> None:
    """The table gives each dependency to one module of the client, so that it can be replaced."""
    found = {
        name for name, row in TABLE.items() if matches(dependency, f"{row.outside} {row.lazy}")
    }
    assert found == rows


def test_the_sandbox_shares_nothing_with_the_client() -> None:
    """The server knows no module of the client, and the client none of the server."""
    assert not TABLE["sandbox"].siblings
    readers = {
        name for name, row in TABLE.items() if matches("sandbox", f"{row.siblings} {row.lazy}")
    }
    assert readers == {"_pytest", "cli", "testing"}


KNOWN = frozenset(
    {
        "__init__",
        "_wire.__init__",
        "_wire.converter",
        "_wire.read",
        "cli.__init__",
        "cli.app",
        "client",
        "errors",
        "models",
    }
)


@pytest.mark.parametrize(
    ("module", "source", "refused"),
    [
        ("models", "import aiohttp", 1),
        ("models", "from telnyx_video import errors", 0),
        ("models", "from .errors import ApiError", 0),
        ("models", "from . import errors, client", 1),
        ("_delivery", "from time import monotonic", 1),
        ("_delivery", "import random", 1),
        ("_wire.read", "import cattrs", 1),
        ("_wire.read", "from .converter import structure", 0),
        ("_wire.converter", "import cattrs", 0),
        ("models", "def f():\n    from telnyx_video import _wire", 0),
        ("models", "from telnyx_video import _wire", 1),
        ("_wire.read", "from urllib.parse import urlsplit", 0),
        ("_wire.read", "from urllib.request import urlopen", 1),
        ("client", "import aiohttp", 1),
        ("client", "if TYPE_CHECKING:\n    import aiohttp", 0),
        ("client", "if typing.TYPE_CHECKING:\n    pass\nelse:\n    import aiohttp", 1),
        ("client", "def f():\n    import aiohttp", 1),
        ("webhooks._ed25519", "from cryptography.exceptions import InvalidSignature", 0),
        ("webhooks.verify", "from time import time", 1),
        ("webhooks.asgi", "from aiohttp import web", 1),
        ("cli", "import uvloop", 1),
        ("cli", "def f():\n    import uvloop", 0),
        ("cli.app", "from telnyx_video import Room", 0),
        ("cli.app", "from .. import Room", 0),
        ("cli.app", "from . import app", 0),
        ("cli.app", "from telnyx_video import _wire", 1),
        ("cli.app", "from telnyx_video.sandbox import Sandbox", 1),
        ("cli.app", "def f():\n    from telnyx_video.sandbox import Sandbox", 0),
        ("sandbox.app", "from telnyx_video.errors import ApiError", 1),
        ("sandbox.app", "from telnyx_video import Room", 1),
        ("sandbox.app", "from aiohttp import web", 0),
        ("errors", "import requests", 1),
    ],
)
def test_the_reader_of_imports_sees_each_form(module: str, source: str, refused: int) -> None:
    """Absolute, relative, lazy and type-only imports are told apart."""
    assert len(violations(source, module, KNOWN)) == refused


NOT_LOADED = (
    "aiohttp.web",
    "cryptography",
    "opentelemetry",
    "rich",
    "sqlite3",
    "telnyx_video.client._fast_loop",
    "telnyx_video._execution._watched",
    "telnyx_video.cli",
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
    """A service pays for what it uses: the rest waits until it is asked for."""
    # When coverage follows a subprocess, it loads modules of its own there.
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
