"""Lists page by page: drawn as they are read, and ended whatever the server answers."""

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
"""Which page a server gives for a number."""

PATIENCE = 200
"""Pages after which a list of a dozen rooms is taken to have no end."""


def page(
    ids: str, number: int | None = None, total: int | None = None, size: int | None = None
) -> Page[Room]:
    """Return a page of rooms with these one-letter ids."""
    return Page([Room(id=letter) for letter in ids], Reply(), number, size, total)


class Server:
    """Answers with pages by their number, counts, and loses patience."""

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
        """The whole list."""
        return AsyncPager(self.fetch)


def honest(ids: str, size: int) -> Answer:
    """Return the answers of a server that has these rooms and tells so."""
    total = -(-len(ids) // size)
    return lambda number: page(ids[(number - 1) * size : number * size], number, total, size)


async def ids_of(pager: AsyncPager[Room]) -> str:
    """Return the ids of all rooms of a list, in order."""
    return "".join([room.id async for room in pager])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6, 7, 100])
@pytest.mark.parametrize("ids", ["", "a", "abcdef", "abcdefg"])
async def test_every_room_is_listed_once(ids: str, size: int) -> None:
    """All rooms come in the server's order, and no page is asked for that cannot be there."""
    server = Server(honest(ids, size))
    assert await ids_of(server.pager) == ids
    assert server.asked == list(range(1, max(1, -(-len(ids) // size)) + 1))


async def a_moment() -> None:
    """Let the tasks that are ready take their next step."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_nothing_is_asked_before_the_loop_begins() -> None:
    """A list that nobody reads costs nothing."""
    server = Server(honest("abcd", 2))
    rooms = aiter(server.pager)
    await a_moment()
    assert server.asked == []
    assert (await anext(rooms)).id == "a"


async def test_the_next_page_is_fetched_while_one_is_worked_off() -> None:
    """From the middle of a page on the next one is under way, and no more than that one."""
    server = Server(honest("abcdefghi", 4))
    rooms = aiter(server.pager)
    asked: list[int] = []
    for _ in range(9):
        await anext(rooms)
        await a_moment()
        asked.append(server.asked[-1])
    assert asked == [1, 1, 2, 2, 2, 2, 3, 3, 3]
    assert server.asked == [1, 2, 3]


async def test_by_page_the_next_one_is_fetched_at_once() -> None:
    """Who takes a whole page has enough to do with it for another to come meanwhile."""
    server = Server(honest("abcd", 1))
    pages = server.pager.pages()
    for number in (1, 2, 3):
        await anext(pages)
        await a_moment()
        assert server.asked == list(range(1, number + 2))


@pytest.mark.parametrize("ids", ["", "a", "abcdef"])
async def test_the_first_costs_one_request(ids: str) -> None:
    """Who wants one object asks for one page, and gets None where the list is empty."""
    server = Server(honest(ids, 2))
    first = await server.pager.first()
    await a_moment()
    assert (first and first.id) == (ids[:1] or None)
    assert server.asked == [1]


async def test_a_look_at_the_first_few_costs_one_request() -> None:
    """A loop that is left in the first half of a page has asked for that page only."""
    server = Server(honest("abcdefgh", 4))
    async for room in server.pager:
        await a_moment()
        if room.id == "b":
            break
    await a_moment()
    assert server.asked == [1]


class Slow:
    """Answers the first page, and is busy with the second until it is cancelled."""

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
    """Read to the middle of a list by its end being closed, by leaving it, or by cancellation."""
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


async def test_a_loop_that_ends_early_leaves_nothing_behind() -> None:
    """Closed, left, or cancelled: what was fetched ahead is cancelled, and no task is left."""
    await read_on(Slow())
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_page_that_came_for_nobody_is_not_reported_as_lost() -> None:
    """An error of a page that is not wanted any more reaches nobody, nor the loop's handler."""
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


async def test_a_page_that_is_gone_ends_the_list() -> None:
    """A list that shrank meanwhile, and a server that says 404 to the page behind its end."""

    def answer(number: int) -> Page[Room]:
        if number > 1:
            raise NotFoundError(404)
        return page("ab", 1, 2)

    assert await ids_of(Server(answer).pager) == "ab"


async def test_a_list_that_does_not_exist_is_an_error() -> None:
    """The sessions of a room that is not there are not the same as none."""

    def answer(_: int) -> Page[Room]:
        raise NotFoundError(404)

    with pytest.raises(NotFoundError):
        await ids_of(Server(answer).pager)


async def test_each_loop_asks_anew() -> None:
    """A pager is no iterator: it can be looped over again, and two loops do not meet."""
    server = Server(honest("abcd", 2))
    pager = server.pager
    assert await ids_of(pager) == await ids_of(pager) == "abcd"
    assert server.asked == [1, 2, 1, 2]
    first, second = aiter(pager), aiter(pager)
    assert [(await anext(first)).id, (await anext(second)).id] == ["a", "a"]
    assert [(await anext(first)).id, (await anext(second)).id] == ["b", "b"]


async def test_pages_come_with_their_figures() -> None:
    """By page one sees what the server told of it; an empty list is one page without rooms."""
    pages = [given async for given in Server(honest("abc", 2)).pager.pages()]
    assert [(given.page_number, given.page_size, given.total_pages) for given in pages] == [
        (1, 2, 2),
        (2, 2, 2),
    ]
    assert [len(given.items) for given in pages] == [2, 1]
    (nothing,) = [given async for given in Server(lambda _: page("", 1, 0)).pager.pages()]
    assert nothing.items == []


WITHOUT_END = 10**9
"""How many pages there are by the figures of a server that lies."""

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
async def test_a_server_that_repeats_itself_is_not_believed(case: str) -> None:
    """Whatever page a server gives again and again, the list comes to its end."""
    answer, ids = REPEATING[case]
    assert (await ids_of(Server(answer).pager)).startswith(ids)


def two(number: int) -> str:
    """Return the ids of an honest page of two, of six rooms."""
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
async def test_figures_that_are_missing_or_wrong_do_not_matter_more_than_rooms(case: str) -> None:
    """Without figures the list ends with an empty page; with wrong ones it ends all the same."""
    answer, ids = LYING[case]
    assert await ids_of(Server(answer).pager) == ids


async def test_an_empty_page_is_the_end() -> None:
    """Whatever a server has behind an empty page, nobody asks for it."""
    server = Server(lambda number: page("" if number == 2 else "ab"))
    assert await ids_of(server.pager) == "ab"
    assert server.asked == [1, 2]


async def test_rooms_that_move_to_the_next_page_are_not_listed_twice() -> None:
    """A room made while the list is read pushes others on; they were listed already."""
    rooms = "abcdef"

    def answer(number: int) -> Page[Room]:
        nonlocal rooms
        given = honest(rooms, 3)(number)
        rooms = "x" + rooms
        return given

    assert await ids_of(Server(answer).pager) == "abcdef"


async def test_a_whole_page_of_new_rooms_does_not_end_the_list() -> None:
    """When as many rooms are made as a page has, the next page repeats this one; more follow."""
    rooms = "abcdef"

    def answer(number: int) -> Page[Room]:
        nonlocal rooms
        given = honest(rooms, 2)(number)
        if number == 1:
            rooms = "xy" + rooms
        return given

    assert await ids_of(Server(answer).pager) == "abcdef"


async def test_an_error_of_a_later_page_reaches_the_caller() -> None:
    """What came before it was given out, and a new loop begins anew."""
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


async def test_a_fetch_that_is_cancelled_ends_the_loop() -> None:
    """A cancellation reaches whoever reads the list."""

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
    """A server that goes on with its last page, or with all of them by turns, for ever."""

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
    """Over a socket, while rooms are deleted behind the reader's back, the list ends."""
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
