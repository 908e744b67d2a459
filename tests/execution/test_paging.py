"""Lists page by page: fetched as they are read, and ended whatever the server answers."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from itertools import pairwise
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telnyx_video import AsyncRoomsClient, CreateRoomRequest, NotFoundError, Room, ServerError
from telnyx_video._execution.paging import AsyncPager
from telnyx_video.models import Page, Reply
from telnyx_video.sandbox import Sandbox

Answer: TypeAlias = Callable[[int], Page[Room]]
"""The page that a server returns for a number."""

PATIENCE = 200
"""Pages after which a list of a dozen rooms counts as endless."""


def page(
    ids: str, number: int | None = None, total: int | None = None, size: int | None = None
) -> Page[Room]:
    """Return a page of rooms with these one-letter ids."""
    return Page([Room(id=letter) for letter in ids], Reply(), number, size, total)


class Server:
    """Answers with pages by number, counts them, and fails after too many."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[int] = []

    async def fetch(self, number: int) -> Page[Room]:
        """Return one page."""
        self.asked.append(number)
        assert len(self.asked) < PATIENCE, "the list has no end"
        return self._answer(number)

    @property
    def pager(self) -> AsyncPager[Room]:
        """Read the whole list."""
        return AsyncPager(self.fetch)


def honest(ids: str, size: int) -> Answer:
    """Return the answers of a server that has these rooms and reports its figures."""
    total = -(-len(ids) // size)
    return lambda number: page(ids[(number - 1) * size : number * size], number, total, size)


async def ids_of(pager: AsyncPager[Room]) -> str:
    """Return the ids of all rooms of a list, in order."""
    return "".join([room.id async for room in pager])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 7, 100])
@pytest.mark.parametrize("ids", ["", "a", "abcdef", "abcdefg"])
async def test_every_room_is_listed_once(ids: str, size: int) -> None:
    """All rooms come in the server's order, and no page beyond the end is requested."""
    server = Server(honest(ids, size))
    assert await ids_of(server.pager) == ids
    assert server.asked == list(range(1, max(1, -(-len(ids) // size)) + 1))


async def a_moment() -> None:
    """Let the tasks that are ready take their next step."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_nothing_is_requested_before_the_loop_begins() -> None:
    """A list that is not read costs nothing."""
    server = Server(honest("abcd", 2))
    rooms = aiter(server.pager)
    await a_moment()
    assert server.asked == []
    assert (await anext(rooms)).id == "a"


async def test_the_next_page_is_fetched_while_one_is_processed() -> None:
    """From the middle of a page on, exactly the next one is in flight."""
    server = Server(honest("abcdefghi", 4))
    rooms = aiter(server.pager)
    asked: list[int] = []
    for _ in range(9):
        await anext(rooms)
        await a_moment()
        asked.append(server.asked[-1])
    assert asked == [1, 1, 2, 2, 2, 2, 3, 3, 3]
    assert server.asked == [1, 2, 3]


async def test_pages_fetches_the_next_page_immediately() -> None:
    """A caller who takes whole pages has enough to do until the next one arrives."""
    server = Server(honest("abcd", 1))
    pages = server.pager.pages()
    for number in (1, 2, 3):
        await anext(pages)
        await a_moment()
        assert server.asked == list(range(1, number + 2))


@pytest.mark.parametrize("ids", ["", "a", "abcdef"])
async def test_first_costs_one_request(ids: str) -> None:
    """It fetches one page, and returns None if the list is empty."""
    server = Server(honest(ids, 2))
    first = await server.pager.first()
    await a_moment()
    assert (first and first.id) == (ids[:1] or None)
    assert server.asked == [1]


async def test_reading_the_first_few_costs_one_request() -> None:
    """A loop that is left in the first half of a page has requested only that page."""
    server = Server(honest("abcdefgh", 4))
    async for room in server.pager:
        await a_moment()
        if room.id == "b":
            break
    await a_moment()
    assert server.asked == [1]


class Slow:
    """Answers the first page, and takes forever for the second."""

    def __init__(self) -> None:
        self.cancelled = 0

    async def fetch(self, number: int) -> Page[Room]:
        """Return the first page."""
        if number == 1:
            return page("ab")
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        raise AssertionError


async def read_on(slow: Slow) -> None:
    """Read to the middle of a list; then close it, leave it, or cancel it."""
    async with aclosing(AsyncPager(slow.fetch).pages()) as pages:
        await anext(pages)
        await a_moment()
    assert slow.cancelled == 1
    async for _ in AsyncPager(slow.fetch):
        break
    async for _ in AsyncPager(slow.fetch).pages():
        await a_moment()
        break
    await a_moment()
    assert slow.cancelled == 2
    reading = asyncio.create_task(ids_of(AsyncPager(slow.fetch)))
    await a_moment()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert slow.cancelled == 3


async def test_a_loop_that_ends_early_leaves_no_task() -> None:
    """Closed, left or cancelled: the fetch ahead is cancelled."""
    await read_on(Slow())
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_the_error_of_an_unwanted_page_is_not_reported() -> None:
    """Neither the caller nor the loop's exception handler sees it."""
    reports: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))

    def answer(number: int) -> Page[Room]:
        if number == 2:
            raise ServerError(503)
        return page("ab")

    server = Server(answer)
    async for _ in server.pager.pages():
        await a_moment()
        break
    await a_moment()
    gc.collect()
    assert server.asked == [1, 2]
    assert reports == []


async def test_a_missing_page_ends_the_list() -> None:
    """The list became shorter, or the server answers 404 beyond the end."""

    def answer(number: int) -> Page[Room]:
        if number > 1:
            raise NotFoundError(404)
        return page("ab", 1, 2)

    assert await ids_of(Server(answer).pager) == "ab"


async def test_a_missing_list_is_an_error() -> None:
    """The sessions of a room that does not exist are not an empty list."""

    def answer(_: int) -> Page[Room]:
        raise NotFoundError(404)

    with pytest.raises(NotFoundError):
        await ids_of(Server(answer).pager)


async def test_each_loop_requests_again() -> None:
    """A pager is not an iterator: several loops over it are independent."""
    server = Server(honest("abcd", 2))
    pager = server.pager
    assert await ids_of(pager) == await ids_of(pager) == "abcd"
    assert server.asked == [1, 2, 1, 2]
    first, second = aiter(pager), aiter(pager)
    assert [(await anext(first)).id, (await anext(second)).id] == ["a", "a"]
    assert [(await anext(first)).id, (await anext(second)).id] == ["b", "b"]


async def test_pages_have_their_figures() -> None:
    """They have the server's totals; an empty list is one page without rooms."""
    pages = [given async for given in Server(honest("abc", 2)).pager.pages()]
    assert [(given.page_number, given.page_size, given.total_pages) for given in pages] == [
        (1, 2, 2),
        (2, 2, 2),
    ]
    assert [len(given.items) for given in pages] == [2, 1]
    (nothing,) = [given async for given in Server(lambda _: page("", 1, 0)).pager.pages()]
    assert nothing.items == []


WITHOUT_END = 10**9
"""The number of pages that a wrong server reports."""

REPEATING: dict[str, tuple[Answer, str]] = {
    "one page": (lambda _: page("abc"), "abc"),
    "one page, called the first of 9": (lambda _: page("abc", 1, 9), "abc"),
    "one page, numbered on": (lambda number: page("abc", number, WITHOUT_END), "abc"),
    "two by turns": (lambda number: page("abc" if number % 2 else "def"), "abcdef"),
    "two by turns, numbered on": (
        lambda number: page("abc" if number % 2 else "def", number, WITHOUT_END),
        "abcdef",
    ),
    "three by turns": (lambda number: page(["abc", "def", "ghi"][number % 3]), "defghiabc"),
    "almost the same": (lambda number: page("abc" if number == 1 else "abd"), "abcd"),
    "a room a page, by turns": (lambda number: page("abcdef"[number % 6]), "bcdefa"),
}


@pytest.mark.parametrize("case", REPEATING)
async def test_repeated_pages_end_the_list(case: str) -> None:
    """Whatever page a server repeats forever."""
    answer, ids = REPEATING[case]
    assert (await ids_of(Server(answer).pager)).startswith(ids)


def two(number: int) -> str:
    """Return the ids of a correct page of two, of six rooms."""
    return "abcdef"[2 * number - 2 : 2 * number]


LYING: dict[str, tuple[Answer, str]] = {
    "no figures": (lambda number: page(two(number)), "abcdef"),
    "no number": (lambda number: page(two(number), None, 2), "abcdef"),
    "no total": (lambda number: page(two(number), number), "abcdef"),
    "always called page 1": (lambda number: page(two(number), 1, 3), "abcdef"),
    "a total too small": (lambda number: page(two(number), number, 2), "abcd"),
    "nonsense": (lambda number: page(two(number), 0, 0), "ab"),
    "a total too large": (lambda number: page(two(number), number, WITHOUT_END), "abcdef"),
}


@pytest.mark.parametrize("case", LYING)
async def test_missing_or_wrong_figures_do_not_matter(case: str) -> None:
    """Without figures the list ends with an empty page; with wrong ones it ends as well."""
    answer, ids = LYING[case]
    assert await ids_of(Server(answer).pager) == ids


async def test_an_empty_page_is_the_end() -> None:
    """No page beyond it is requested."""
    server = Server(lambda number: page("" if number == 2 else "ab"))
    assert await ids_of(server.pager) == "ab"
    assert server.asked == [1, 2]


async def test_rooms_that_move_to_the_next_page_are_listed_once() -> None:
    """A room made while the list is read pushes others to the next page."""
    rooms = "abcdef"

    def answer(number: int) -> Page[Room]:
        nonlocal rooms
        given = honest(rooms, 3)(number)
        rooms = "x" + rooms
        return given

    assert await ids_of(Server(answer).pager) == "abcdef"


async def test_a_whole_page_of_new_rooms_does_not_end_the_list() -> None:
    """If as many rooms are made as a page has, the next page repeats this one; more follow."""
    rooms = "abcdef"

    def answer(number: int) -> Page[Room]:
        nonlocal rooms
        given = honest(rooms, 2)(number)
        if number == 1:
            rooms = "xy" + rooms
        return given

    assert await ids_of(Server(answer).pager) == "abcdef"


async def test_an_error_of_a_later_page_is_raised() -> None:
    """After the items before it; a new loop starts again."""
    error = ServerError(503)

    def answer(number: int) -> Page[Room]:
        if number == 2:
            raise error
        return honest("abcd", 2)(number)

    pager = Server(answer).pager
    seen: list[str] = []

    async def read() -> None:
        async for room in pager:
            seen.append(room.id)

    with pytest.raises(ServerError) as caught:
        await read()
    assert caught.value is error
    assert seen == ["a", "b"]
    assert (await anext(aiter(pager))).id == "a"


async def test_a_cancelled_fetch_cancels_the_loop() -> None:
    """The cancellation reaches the reader of the list."""

    def fetch(_: int) -> Awaitable[Page[Room]]:
        return asyncio.get_running_loop().create_future()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await ids_of(AsyncPager(fetch))


pages = st.builds(
    page,
    st.text("abcdefgh", max_size=4),
    st.none() | st.integers(-1, 6),
    st.none() | st.integers(-1, 6),
)


@given(st.lists(pages, min_size=1, max_size=6), st.booleans())
def test_any_list_ends(answers: list[Page[Room]], by_turns: bool) -> None:
    """Even if a server repeats its last page, or cycles through all of them, forever."""

    def answer(number: int) -> Page[Room]:
        if by_turns:
            return answers[(number - 1) % len(answers)]
        return answers[min(number, len(answers)) - 1]

    async def read() -> list[Page[Room]]:
        return [given async for given in Server(answer).pager.pages()]

    given_out = asyncio.run(read())
    assert given_out
    for earlier, later in pairwise(given_out):
        before = {room.id for room in earlier.items}
        assert later.items
        assert before.isdisjoint(room.id for room in later.items)


async def test_a_real_list_is_read_page_by_page() -> None:
    """The list ends although rooms are deleted while it is read."""
    async with (
        Sandbox() as sandbox,
        AsyncRoomsClient(base_url=sandbox.url, api_key=sandbox.api_key) as rooms,
    ):
        await rooms.create_many([CreateRoomRequest(unique_name=f"{n}") for n in range(25)])
        assert len([room async for room in rooms.list(page_size=10)]) == 25
        assert sandbox.requests["GET /v2/rooms"] == 3
        seen: list[str] = []
        async for room in rooms.list(page_size=5):
            seen.append(room.id)
            await rooms.delete(room.id)
        assert len(seen) == len(set(seen))
        assert len(sandbox.rooms) == 25 - len(seen)
