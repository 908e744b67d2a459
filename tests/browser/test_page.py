"""The page in a real browser: what it shows, and what it can do."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any, cast
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from telnyx_video import CreateRoomRequest, NameTakenError, RoomsClient
from telnyx_video.sandbox import Sandbox
from telnyx_video.sandbox.page import INTERVAL

HOSTILE = [
    "<img src=x onerror=\"document.title='hacked'\">",
    "<script>document.title='hacked'</script>",
    "\u202eabc\u202c \u2066rtl",
    "\x1b[31mred\x1b[0m \x07",
    "x" * 10_000,
    "'\"&amp;</li>",
]


def open_view(page: Page, name: str) -> None:
    """Open one of the views."""
    page.get_by_role("navigation").get_by_role("link", name=name).click()


class Receiver:
    """A receiver of webhooks with the status that a test sets."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[bytes] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.bodies.append(body)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


def test_the_first_view_shows_how_to_start(
    page: Page, sandbox: Sandbox, rooms: RoomsClient
) -> None:
    """Two lines for the shell, and a snippet that works when it is pasted."""
    expect(page.get_by_role("heading", name="Waiting for the first request")).to_be_visible()
    exports = page.locator("#exports").inner_text()
    assert exports == f"export TELNYX_BASE_URL={sandbox.url}\nexport TELNYX_API_KEY=sandbox-key"
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_text("Copied the lines.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == exports
    with pytest.MonkeyPatch.context() as patch:
        for line in exports.splitlines():
            patch.setenv(*line.removeprefix("export ").split("=", 1))
        exec(page.locator("#example").inner_text(), {})
    expect(page.get_by_role("button", name="POST /v2/rooms standup")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()


def test_a_room_appears_within_a_second(page: Page, rooms: RoomsClient) -> None:
    """The server's interval and the page's add up to less, so that it takes no clock to know."""
    open_view(page, "Rooms")
    expect(page.get_by_text("No rooms yet.")).to_be_visible()
    rooms.create(unique_name="standup")
    expect(page.get_by_role("heading", name="standup")).to_be_visible()
    script = page.request.get(f"{page.url.partition('?')[0]}_sandbox/page/page.js").text()
    found = re.search(r"const REFRESH = (\d+);", script)
    assert found is not None
    assert int(found[1]) + INTERVAL * 1000 < 800


def test_a_request_is_shown_with_both_bodies(
    page: Page, sandbox: Sandbox, rooms: RoomsClient
) -> None:
    """Fault and effect are next to them; the curl command has no key."""
    sandbox.faults = [{"on": "POST /rooms", "faults": ["lost"]}]
    rooms.create(unique_name="standup")
    expect(page.locator("#request-list button")).to_have_count(len(sandbox.log))
    page.get_by_role("button", name=re.compile("POST .*lost.*cut")).click()
    detail = page.get_by_role("article", name="Request")
    expect(detail).to_contain_text("The request was committed; cut at reply by FIN.")
    expect(detail).to_contain_text('"unique_name": "standup"')
    detail.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("Copied the curl command.")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command.startswith(f"curl -X POST '{sandbox.url}/rooms'")
    assert '"Authorization: Bearer $TELNYX_API_KEY"' in command
    assert sandbox.api_key not in command
    expect(page).to_have_url(re.compile("request=1"))
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()


def test_filters_are_in_the_address(page: Page, sandbox: Sandbox, rooms: RoomsClient) -> None:
    """Another window at that address shows the same."""
    rooms.create(unique_name="standup")
    with pytest.raises(NameTakenError):
        rooms.create(unique_name="standup")
    page.locator("#requests select[name=status]").select_option("4xx")
    expect(page.locator("#request-list button")).to_have_count(1)
    page.get_by_label("Search", exact=True).fill("standup")
    expect(page).to_have_url(re.compile("q=standup&status=4"))
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#request-list button")).to_have_count(1)
    expect(other.get_by_label("Search", exact=True)).to_have_value("standup")
    page.get_by_label("Search", exact=True).fill("nothing like this")
    expect(page.get_by_text("No request matches.")).to_be_visible()


def test_rooms_are_controlled_from_the_page(page: Page, sandbox: Sandbox) -> None:
    """Create, join, mute, leave and end, with the effect that the API shows."""
    open_view(page, "Rooms")
    page.get_by_label("Name", exact=True).fill("standup")
    page.get_by_label("Record", exact=True).check()
    page.get_by_role("button", name="Create room").click()
    expect(page.get_by_role("heading", name="standup")).to_be_visible()
    assert sandbox.rooms[0]["enable_recording"] is True
    page.get_by_label("Name", exact=True).fill("standup")
    page.get_by_role("button", name="Create room").click()
    expect(page.get_by_text("Another room has this unique_name.")).to_be_visible()
    page.get_by_role("button", name="Join standup").click()
    expect(page.get_by_text("Guest 1", exact=True)).to_be_visible()
    page.get_by_role("button", name="Join standup").click()
    page.get_by_role("button", name="Mute Guest 2").click()
    expect(page.get_by_role("button", name="Unmute Guest 2")).to_be_visible()
    page.get_by_role("button", name="Leave Guest 1").click()
    expect(page.get_by_text("left", exact=True)).to_be_visible()
    end = page.get_by_role("button", name="End session of standup")
    expect(end).to_have_text("End session")
    end.click()
    expect(page.get_by_text("session ended")).to_be_visible()
    assert [bool(one.get("left_at")) for one in sandbox.participants] == [True, True]
    assert [one["muted"] for one in sandbox.participants] == [False, True]


def create(sandbox: Sandbox, name: str) -> str:
    """Create a room with a name that the client refuses, and return its id."""
    headers = {"Authorization": f"Bearer {sandbox.api_key}", "Content-Type": "application/json"}
    body = json.dumps({"unique_name": name}).encode()
    with urlopen(Request(f"{sandbox.url}/rooms", body, headers)) as reply:
        return str(json.load(reply)["data"]["id"])


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_names_are_shown_as_text(page: Page, sandbox: Sandbox, number: int) -> None:
    """In every view; no part of them is executed or loaded."""
    name = HOSTILE[number]
    sandbox.join(create(sandbox, name), context=name)
    page.locator("#request-list button").first.click()
    expect(page.locator("#request-detail pre").first).to_be_visible()
    start = name[:150]
    assert (
        start[:20]
        in json.loads(page.locator("#request-detail pre").first.text_content() or "")["unique_name"]
    )
    open_view(page, "Rooms")
    expect(page.locator("#room-list h3")).to_be_visible()
    assert (page.locator("#room-list h3").text_content() or "").startswith(start)
    assert (page.locator("#room-list .name").text_content() or "").startswith(start)
    assert page.locator("main img, main script").count() == 0
    assert page.title() == "telnyx-video sandbox"
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0


def test_a_webhook_is_redelivered_once(
    page: Page, sandbox: Sandbox, rooms: RoomsClient, receiver: Receiver
) -> None:
    """Signed body, headers and answer are shown; the state is updated."""
    receiver.status = 500
    room = rooms.create(webhook_event_url=receiver.url, webhook_timeout_secs=30)
    sandbox.join(room.id)
    open_view(page, "Webhooks")
    expect(page.locator("#delivery-list .pill", has_text="failed")).to_have_count(2)
    page.get_by_role("button", name=re.compile("session.started")).click()
    detail = page.get_by_role("article", name="Delivery")
    expect(detail).to_contain_text("telnyx-signature-ed25519")
    expect(detail).to_contain_text('"event_type": "video.room.session.started"')
    receiver.status = 200
    detail.get_by_role("button", name="Redeliver").click()
    expect(detail).to_contain_text("Attempt 2, redelivered")
    expect(page.locator("#delivery-list .pill", has_text="delivered")).to_have_count(1)
    assert len(receiver.bodies) == 3
    page.get_by_role("button", name="Redeliver all failed").click()
    expect(page.locator("#delivery-list .pill", has_text="delivered")).to_have_count(2)
    assert len(receiver.bodies) == 4
    page.locator("#deliveries select[name=state]").select_option("Failed")
    expect(page.get_by_text("No webhooks")).to_be_visible()


def test_faults_are_chosen_from_a_menu(page: Page, sandbox: Sandbox, rooms: RoomsClient) -> None:
    """They are added, edited, counted, and exported as JSON and as a pytest marker."""
    open_view(page, "Faults")
    page.locator("#add-fault select[name=fault]").select_option("503")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Plan", exact=True)).to_have_value(re.compile(r'"on": "POST /rooms"'))
    assert sandbox.faults == [{"on": "POST /rooms", "faults": [503]}]
    rooms.create(unique_name="standup")
    expect(page.locator("#done")).to_contain_text("503")
    page.locator("#add-fault select[name=mode]").select_option("At random")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Plan", exact=True)).to_have_value(re.compile('"probability": 0.2'))
    page.get_by_role("button", name="Copy as pytest marker").click()
    expect(page.get_by_text("Copied the marker.")).to_be_visible()
    marker = page.evaluate("navigator.clipboard.readText()")
    found = re.fullmatch(r"@pytest\.mark\.telnyx_sandbox\(faults=(.*)\)", marker)
    assert found is not None
    assert eval(found[1], {}) == sandbox.faults
    page.get_by_label("Plan", exact=True).fill('[{"on": "POST /rooms", "faults": ["losst"]}]')
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("is not a shorthand")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_label("Plan", exact=True)).to_have_value("[]")
    assert sandbox.faults == []


def test_an_outage_is_started_from_the_page(
    page: Page, sandbox: Sandbox, rooms: RoomsClient
) -> None:
    """503 does not affect the page; refused connections disconnect it until the outage ends."""
    open_view(page, "Faults")
    page.get_by_label("Seconds", exact=True).fill("600")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Every request is answered 503")).to_be_visible()
    page.get_by_role("button", name="End").click()
    expect(page.locator("#outage-state")).to_have_text("None")
    page.locator("#outage select[name=kind]").select_option("refuse")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Connection lost, retrying")).to_be_visible()
    sandbox.resume()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_a_reconnect_loses_no_request(page: Page, sandbox: Sandbox, rooms: RoomsClient) -> None:
    """Requests during a lost connection are shown, once."""
    rooms.create(unique_name="before")
    expect(page.locator("#request-list button")).to_have_count(1)
    page.context.set_offline(True)
    sandbox.pause()
    expect(page.get_by_text("Connection lost, retrying")).to_be_visible()
    sandbox.resume()
    rooms.create(unique_name="meanwhile")
    page.context.set_offline(False)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    rooms.create(unique_name="after")
    expect(page.locator("#request-list button")).to_have_count(3)
    names = page.locator("#request-list .name").all_inner_texts()
    assert names == ["after", "meanwhile", "before"]


def test_a_pause_stops_the_list(page: Page, rooms: RoomsClient) -> None:
    """New requests appear when it is resumed."""
    page.get_by_role("button", name="Pause").click()
    for number in range(3):
        rooms.create(unique_name=f"room-{number}")
    expect(page.get_by_role("button", name="Resume (3 new)")).to_be_visible()
    expect(page.locator("#request-list button")).to_have_count(0)
    page.get_by_role("button", name="Resume (3 new)").click()
    expect(page.locator("#request-list button")).to_have_count(3)


def test_a_reset_is_confirmed(page: Page, sandbox: Sandbox, rooms: RoomsClient) -> None:
    """A single click removes nothing; a click elsewhere cancels the confirmation."""
    rooms.create(unique_name="standup")
    expect(page.locator("#request-list button")).to_have_count(1)
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("button", name="Forget everything?")).to_be_visible()
    assert len(sandbox.rooms) == 1
    page.get_by_label("Search", exact=True).click()
    page.get_by_role("button", name="Reset", exact=True).click()
    assert len(sandbox.rooms) == 1
    page.get_by_role("button", name="Forget everything?").click()
    expect(page.get_by_role("heading", name="Waiting for the first request")).to_be_visible()
    assert sandbox.rooms == []


def test_the_page_works_by_keyboard(page: Page, rooms: RoomsClient) -> None:
    """Arrow keys move in the list, Enter opens, Escape closes and returns."""
    for number in range(3):
        rooms.create(unique_name=f"room-{number}")
    rows = page.locator("#request-list button")
    expect(rows).to_have_count(3)
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="Request")).to_be_focused()
    page.keyboard.press("Escape")
    expect(rows.nth(1)).to_be_focused()


def test_a_cross_site_request_is_refused(
    context: BrowserContext, sandbox: Sandbox, receiver: Receiver
) -> None:
    """A page of another origin cannot reset the sandbox, although a browser sends its request."""
    sandbox.seed({"rooms": [{"id": "182bd5e5-6e1a-4fe4-a799-aa6d9a6ab26e"}]})
    page = context.new_page()
    page.goto(receiver.url)
    with page.expect_response("**/_sandbox/reset") as answer:
        page.evaluate(
            "(url) => { fetch(url, { method: 'POST', mode: 'no-cors' }); }",
            f"{sandbox.page_url}_sandbox/reset",
        )
    assert answer.value.status == 403
    assert len(sandbox.rooms) == 1


AXE = files("axe_playwright_python").joinpath("axe.min.js")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(
    new_context: Callable[..., BrowserContext],
    sandbox: Sandbox,
    rooms: RoomsClient,
    receiver: Receiver,
    scheme: str,
) -> None:
    """axe-core finds no serious violation in any view."""
    fill(sandbox, rooms, receiver)
    page = new_context(bypass_csp=True, color_scheme=scheme).new_page()
    for view in ("requests", "rooms", "deliveries", "faults"):
        page.goto(f"{sandbox.page_url}?view={view}")
        page.get_by_text("Live", exact=True).wait_for()
        if view in ("requests", "deliveries"):
            page.locator(f"#{view} ol button").first.click()
            page.locator(f"#{view} article pre").first.wait_for()
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run()")["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert serious == [], (view, [(one["id"], one["nodes"][0]["html"]) for one in serious])


def fill(sandbox: Sandbox, rooms: RoomsClient, receiver: Receiver) -> None:
    """Cause requests, events and deliveries of every kind."""
    receiver.status = 200
    fault = {"fault": "lost", "probability": 0.2}
    sandbox.faults = [
        {"on": "POST /rooms", "draw": [fault, {"fault": 503, "probability": 0.1}], "seed": 3}
    ]
    requests = [CreateRoomRequest(unique_name=f"team-{number}") for number in range(30)]
    assert all(outcome.room for outcome in rooms.create_many(requests, concurrency=4))
    room = rooms.create(unique_name="standup", webhook_event_url=receiver.url)
    for name in ("Alice", "Bob"):
        sandbox.join(room.id, context=name)
    with pytest.raises(NameTakenError):
        rooms.create(unique_name="standup")


@pytest.mark.parametrize(
    ("name", "scheme", "width", "view"),
    [
        ("requests", "light", 1280, "requests"),
        ("rooms", "light", 1280, "rooms"),
        ("dark", "dark", 1280, "requests"),
        ("narrow", "light", 390, "requests"),
    ],
)
def test_screenshots_for_the_documentation(
    new_context: Callable[..., BrowserContext],
    sandbox: Sandbox,
    rooms: RoomsClient,
    receiver: Receiver,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    name: str,
    scheme: str,
    width: int,
    view: str,
) -> None:
    """Every layout fits its window; `--screenshots FOLDER` saves the pictures."""
    fill(sandbox, rooms, receiver)
    page = new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
    page.goto(f"{sandbox.page_url}?view={view}")
    page.get_by_text("Live", exact=True).wait_for()
    if view == "requests":
        row = page.locator("#request-list button", has_text="422").first
        row.wait_for()
        if width > 1000:
            row.click()
            page.locator("#request-detail pre").first.wait_for()
    else:
        page.locator("#room-list h3").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    folder = request.config.getoption("--screenshots") or tmp_path
    page.screenshot(path=Path(str(folder)) / f"sandbox-{name}.png")


RATE = 10_000 / 60
"""Requests a second."""


def test_the_page_stays_responsive_in_a_burst(
    page: Page, sandbox: Sandbox, rooms: RoomsClient, request: pytest.FixtureRequest
) -> None:
    """10,000 requests a minute: the page answers, and what it keeps does not grow.

    1,000 requests show that rows are dropped; `--whole-minute` shows that memory is flat.
    """
    total = 10_000 if request.config.getoption("--whole-minute") else 1_000

    def send() -> None:
        started = time.monotonic()
        for number in range(total):
            rooms.create()
            time.sleep(max(0.0, (number + 1) / RATE - (time.monotonic() - started)))

    # Its `send` is only partly annotated.
    devtools = cast(Any, page.context.new_cdp_session(page))

    def kept() -> tuple[float, float]:
        devtools.send("HeapProfiler.collectGarbage")
        heap, nodes = devtools.send("Runtime.getHeapUsage"), devtools.send("Memory.getDOMCounters")
        return float(heap["usedSize"]), float(nodes["nodes"])

    rows, cards = page.locator("#request-list button"), page.locator("#room-list h3")
    with ThreadPoolExecutor(1) as thread:
        sending = thread.submit(send)
        expect(rows).to_have_count(200)
        heap, _ = kept()
        while not sending.done():
            open_view(page, "Rooms")
            expect(cards.first).to_be_visible()
            open_view(page, "Requests")
            expect(rows.first).to_be_visible()
            wait([sending], timeout=1)
        sending.result()
    expect(page.locator("#total")).to_have_text(str(sandbox.log[-1].number))
    expect(rows).to_have_count(200)
    heap_after, nodes = kept()
    assert heap_after - heap < 5_000_000
    assert nodes < 10_000
