"""A real browser and a real sandbox."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

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

WAIT = 120_000
"""Milliseconds to wait for a condition; a busy machine may take many seconds."""

expect.set_options(timeout=WAIT)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the nox session `browser`."""
    parser.addoption("--screenshots", help="the folder to keep screenshots in")
    parser.addoption(
        "--whole-minute",
        action="store_true",
        help="send 10,000 requests in place of the first 1,000",
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, timeout=WAIT)
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
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Create browser contexts, which share nothing; the arguments are those of `Browser`."""
    contexts = list[BrowserContext]()

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(WAIT)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    context = new_context(viewport={"width": 1280, "height": 860})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


@pytest.fixture
def page(context: BrowserContext, sandbox: Sandbox) -> Iterator[Page]:
    """The sandbox's page, which must not log an error while the test runs."""
    page, complaints = context.new_page(), list[str]()

    def keep(message: ConsoleMessage) -> None:
        # The browser itself reports lost connections and refusals, which tests cause on purpose.
        expected = "ERR_" in message.text or "Failed to load resource" in message.text
        if message.type in ("error", "warning") and not expected:
            complaints.append(f"{message.type}: {message.text}")

    page.on("console", keep)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(sandbox.page_url)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.locator("#url")).to_have_text(sandbox.url)
    yield page
    assert complaints == []
