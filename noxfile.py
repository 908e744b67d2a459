"""The checks of this project, each in its own environment: run `nox`, or `nox -s tests`.

pyproject.toml defines what a session installs; this file defines what it runs.
"""

import os
import shutil
import tempfile
from pathlib import Path

import nox
from nox.command import CommandFailed

ROOT = Path(__file__).parent
EXAMPLES = "tests/docs/test_examples.py"
PARALLEL = ("-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal")
"""One worker more than cores, as many tests wait for sockets and timers; the tests of a folder stay
together, so that few workers set up the same shared fixtures."""

OTHER_PYTHONS = ("3.12", "3.13")
"""Supported versions of Python; `tests` uses the version that runs nox."""

CORE = ("tests/test_exports.py", "tests/client", "tests/matrix", "tests/cli/test_rooms.py")
"""The tests for other versions of Python and of the dependencies: imports, the client, every fault,
the command line."""

PYPROJECT = nox.project.load_toml("pyproject.toml")

# Tests start some hundred interpreters. Without bytecode caches, often off in containers, each
# compiles aiohttp and the tests again: more than half of the time of all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.sessions = ["tests", "lint", "typing", "docs", "wheel", "interop"]

CREATE_A_ROOM_BOTH_WAYS = """
import asyncio
from importlib.metadata import version
from importlib.resources import files
from urllib.request import urlopen

import telnyx_video
from telnyx_video.sandbox import Sandbox

async def create(sandbox):
    async with telnyx_video.AsyncRoomsClient(
        base_url=sandbox.url, api_key=sandbox.api_key
    ) as rooms:
        return await rooms.create(unique_name="awaited")

with Sandbox() as sandbox:
    with telnyx_video.RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
        assert rooms.create(unique_name="blocking").unique_name == "blocking"
    assert asyncio.run(create(sandbox)).unique_name == "awaited"
    for path in ("", "_sandbox/page/page.js", "_sandbox/openapi.json"):
        with urlopen(sandbox.page_url + path) as reply:
            assert reply.read()

assert telnyx_video.__version__ == version("telnyx-video")
assert files("telnyx_video").joinpath("py.typed").is_file()
"""


def group(name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group of pyproject.toml."""
    return nox.project.dependency_groups(PYPROJECT, name)


@nox.session
def demo(session: nox.Session) -> None:
    """Create 20 rooms on a local server that loses answers; no key and no account needed."""
    session.log("installing telnyx_video and its command line; this takes some seconds")
    session.install(".[cli]")
    session.log("creating the 20 rooms of docs/examples/rooms.csv on a local server that loses")
    session.log("answers, refuses requests and cuts connections (docs/examples/storm.json)")
    storm = ("--sandbox", "--faults", "docs/examples/storm.json")
    session.run("telnyx-video", *storm, "batch", "docs/examples/rooms.csv")
    session.log("recovered: the answer was lost, and the client found the room by its name.")
    session.log("The official SDK reports such a room as failed, and creates it twice if it has no")
    session.log("name; see docs/delivery.md for the measurement.")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests; without arguments run all of them and require full coverage.

    The session `docs` runs the examples of the documentation.
    """
    session.install(".[all]", *group("test"))
    if session.posargs:
        session.run("pytest", *session.posargs)
    else:
        session.log("this takes 4 to 6 minutes on two cores")
        measured = ("--cov", "--cov-report=term-missing:skip-covered")
        session.run("pytest", *PARALLEL, *measured, f"--ignore={EXAMPLES}")


@nox.session(python=OTHER_PYTHONS)
def pythons(session: nox.Session) -> None:
    """Run the tests, without coverage, on each other installed version of Python."""
    session.install(".[all]", *group("test"))
    session.log("this takes 3 to 5 minutes on two cores")
    session.run("pytest", *PARALLEL, f"--ignore={EXAMPLES}", *session.posargs)


@nox.session(python=OTHER_PYTHONS)
def core(session: nox.Session) -> None:
    """Run the core tests on each other version of Python; `core-3.13` runs them on one."""
    session.install(".[all]", *group("test"))
    run_core(session)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the core tests with the lowest versions that pyproject.toml allows."""
    if session.venv_backend != "uv":
        session.skip("only uv resolves to the lowest versions")
    lowest_direct = ("--resolution", "lowest-direct", "--all-extras")
    session.install("-r", "pyproject.toml", *lowest_direct)
    session.install("--no-deps", ".")
    session.install(*group("test"))  # upgrades none of them
    run_core(session)


@nox.session
def newest(session: nox.Session) -> None:
    """Run the core tests with the newest versions that pyproject.toml allows."""
    session.install("--upgrade", ".[all]", *group("test"))
    run_core(session)


def run_core(session: nox.Session) -> None:
    """Print the version of aiohttp, and run the core tests."""
    session.log("this takes 1 to 2 minutes on two cores")
    session.run("python", "-c", "import aiohttp; print('aiohttp', aiohttp.__version__)")
    session.run("pytest", *PARALLEL, *CORE, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check rules and formatting with ruff."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def typing(session: nox.Session) -> None:
    """Check types with mypy and pyright; require them for the whole public API."""
    session.install(".[all]", *group("typing"))
    session.env["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"  # the warning looks for a newer version
    session.run("mypy")
    session.run("pyright")
    session.run("pyright", "--verifytypes", "telnyx_video", "--ignoreexternal")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation, with warnings as errors, and run its examples."""
    session.install(".[all]", *group("docs"), *group("test"))
    session.run("sphinx-build", "-W", "--keep-going", "-n", "-E", "-q", "docs", "docs/_build")
    session.run("pytest", *PARALLEL, EXAMPLES)


@nox.session
def wheel(session: nox.Session) -> None:
    """Test the built wheel alone, away from the source tree."""
    session.install(*group("build"))
    with tempfile.TemporaryDirectory() as away, session.chdir(away):
        session.run("python", "-m", "build", "--outdir", "dist", str(ROOT))
        (built,) = Path("dist").glob("*.whl")

        session.run("python", "-m", "venv", "fresh")
        commands = Path("fresh", "Scripts" if os.name == "nt" else "bin").absolute()
        python, command = str(commands / "python"), str(commands / "telnyx-video")

        session.run(python, "-m", "pip", "install", "-q", str(built), external=True)
        Path("smoke.py").write_text(CREATE_A_ROOM_BOTH_WAYS, encoding="utf-8")
        session.run(python, "smoke.py", external=True)

        advice = session.run(command, "--help", success_codes=[1, 2], silent=True, external=True)
        if not advice or "telnyx-video[cli]" not in advice or "Traceback" in advice:
            session.error(f"without its extra, the command must name it: {advice}")

        shutil.copy(ROOT / "tests" / "test_exports.py", away)
        session.run(python, "-m", "pip", "install", "-q", "pytest", external=True)
        session.run(python, "-m", "pytest", "-q", "test_exports.py", external=True)


@nox.session
def interop(session: nox.Session) -> None:
    """Test the sandbox with the official SDK."""
    session.install(".[all]", *group("interop"))
    session.run("pytest", "tests/interop", *session.posargs)


@nox.session(name="official-tests")
def official_tests(session: nox.Session) -> None:
    """Run the official SDK's tests of the video API, from its sdist, on the sandbox."""
    session.install(".[all]", *group("interop"), "pip")
    version = "import importlib.metadata as m; print(m.version('telnyx'))"
    release = f"telnyx=={session.run('python', '-c', version, silent=True).strip()}"
    download = ("-m", "pip", "download", "-q", "--no-deps", "--no-binary", "telnyx", release)
    tests = ("test_room*.py", "rooms/test_*.py", "rooms/sessions/test_*.py")
    session.env["PYTHONPATH"] = str(ROOT / "tests" / "interop")
    with tempfile.TemporaryDirectory() as away, session.chdir(away):
        session.run("python", *download)
        (sdist,) = Path().glob("telnyx-*.tar.gz")
        shutil.unpack_archive(sdist, filter="data")
        os.chdir(sdist.name.removesuffix(".tar.gz"))
        paths = [str(path) for t in tests for path in Path("tests/api_resources").glob(t)]
        session.run("python", "-m", "pytest", "-o", "addopts=", "-p", "official_suite", *paths)


@nox.session
def browser(session: nox.Session) -> None:
    """Test the page of the sandbox in Chromium: /usr/bin/chromium, or $CHROMIUM.

    `nox -s browser -- --screenshots docs/_static` updates the screenshots of the documentation;
    with `--whole-minute`, a burst of requests lasts a minute instead of 6 seconds.
    """
    session.install(".[all]", *group("browser"))
    session.run("pytest", "tests/browser", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Run the benchmarks; each fails if it misses its target.

    To run one: `nox -s bench -- compare --rounds 3`.
    """
    session.install(".[all]", *group("bench"))
    every = sorted({path.stem for path in Path("tests/benchmarks").glob("*.py")} - {"soak"})
    failed: list[str] = []
    for benchmark in [session.posargs] if session.posargs else [[name] for name in every]:
        script, *arguments = benchmark
        module = f"benchmarks.{script}"
        try:
            session.run("python", "-m", module, *arguments, env={"PYTHONPATH": "tests"})
        except CommandFailed:  # run the others, too: all failures are reported together
            failed.append(script)
    if failed:
        session.error(f"targets missed in {', '.join(failed)}")


@nox.session
def soak(session: nox.Session) -> None:
    """Create rooms for half an hour under faults, and check that no resource grows."""
    session.install(".[all]", *group("bench"))
    session.run("python", "-m", "benchmarks.soak", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def chaos(session: nox.Session) -> None:
    """Create rooms under every kind of fault, and compare with the official SDK."""
    session.install(".[all]")
    if "--without-official" not in session.posargs:
        session.install(*group("official"))
    session.run("python", "-m", "chaos", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def model(session: nox.Session) -> None:
    """Explore every course of one create with up to four faults; `-- --faults 5` for five."""
    session.install(".[all]", *group("test"))
    exhaustive = ("python", "-m", "execution.exhaustive")
    session.run(*exhaustive, *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz each reader of untrusted bytes for an hour; `-- 60` for 60 seconds."""
    session.install(".[all]", *group("fuzz"))
    session.env["PYTHONPATH"] = "tests"
    for path in sorted(Path("tests/fuzz/corpus").iterdir()):
        session.run("python", "-m", "fuzz", path.name, *session.posargs)


@nox.session
def distributed(session: nox.Session) -> None:
    """Provision on clusters while processes and networks fail; `-- --small` takes a minute."""
    session.install(".[all]", *group("test"))
    session.run("python", "-m", "cluster", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def ray(session: nox.Session) -> None:
    """Run the Ray example of docs/distributed.md on a local Ray."""
    session.install(".[all]", *group("ray"))
    session.run("pytest", "tests/engines", *session.posargs)
