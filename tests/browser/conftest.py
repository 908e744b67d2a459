"""A real browser on a real sandbox."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from telnyx_video import RoomsClient
from telnyx_video.sandbox import Sandbox

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

ARGUMENTS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--no-first-run",
]

WAIT = 30_000
"""Milliseconds after which what a test waits for has failed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the pictures of the documentation be made by a run of the tests."""
    parser.addoption("--screenshots", help="the folder that screenshots are kept in")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(webhook_retries=[]) as sandbox:
        yield sandbox


@pytest.fixture
def rooms(sandbox: Sandbox) -> Iterator[RoomsClient]:
    with RoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms:
        yield rooms


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(WAIT)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, sandbox: Sandbox) -> Iterator[Page]:
    """The sandbox's page, which must not complain while the test runs."""
    page, complaints = context.new_page(), list[str]()

    def keep(message: ConsoleMessage) -> None:
        # The browser itself reports lost connections and refusals, which tests cause on purpose.
        expected = "ERR_" in message.text or "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not expected:
            complaints.append(f"{message.type}: {message.text}")

    page.on("console", keep)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(sandbox.page_url)
    page.get_by_text("Live", exact=True).wait_for()
    yield page
    assert complaints == []
