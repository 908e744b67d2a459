"""JSON with orjson and without it: both read the same documents as the same values, or refuse."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.strategies import damaged_bodies, json_bodies, json_values
from support.words import short
from telnyx_video._base import json as wire_json
from telnyx_video._base.json import MAX_DEPTH, is_deep, stdlib_dumps, stdlib_loads

READABLE = [
    b" {}\n",
    b"\t[\r\n] ",
    b"null",
    b"true",
    b"-0",
    b"-0.0",
    b"1E5",
    b"1e-400",
    b"0." + b"1" * 400,
    b"18446744073709551615",
    b"-9223372036854775808",
    b'"\\u0000\\ud83d\\ude00\\/"',
    b'"\x7f\xe2\x80\xa8"',
    b'"\\\\ud800"',
    b'{"a":1,"a":2}',
    b'{"":{"":[]}}',
    b"[" * 200 + b"]" * 200,
    b'{"a":' * 200 + b"1" + b"}" * 200,
]
UNREADABLE = [
    b"",
    b" ",
    b"{",
    b"{}{}",
    b"{} x",
    b"{}\0",
    b"\0{}",
    b"\x0b{}",
    b"\xc2\xa0{}",
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    b"NaN",
    b"[Infinity]",
    b'{"a":-Infinity}',
    b"nan",
    b"None",
    b"True",
    b"'a'",
    b"[1,]",
    b'{"a":1,}',
    b"{a:1}",
    b"{1:1}",
    b"/**/1",
    b"01",
    b"+1",
    b"1.",
    b".1",
    b"0x10",
    b"1_000",
    b"\xd9\xa1",
    b'"\n"',
    b'"\x1f"',
    b'"\\x41"',
    b'"\\u12"',
    b'"\xff"',
    b'"\xc0\x80"',
    b'"\xed\xa0\x80"',
    b'"\\ud800"',
    b'"\\uDBFF"',
    b'"\\udfff\\ud800"',
    b'"\\ud800\\u0041"',
    b'{"\\uD800":1}',
    b"1e400",
    b"[-1e400]",
    b"9" * 400,
    b"9" * 5000,
    b"[" * 100_000 + b"]" * 100_000,
    b"[" * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
]
BEYOND_64_BITS = [b"18446744073709551616", b"-9223372036854775809", b"9" * 300]


def read(loads: object, body: bytes) -> str:
    """Return the repr of the value that a reader returns, or "refused"."""
    assert callable(loads)
    try:
        return repr(loads(body))
    except ValueError:
        return "refused"


@pytest.mark.parametrize("body", READABLE, ids=short)
def test_both_read_a_document_as_the_same_value(body: bytes) -> None:
    """Valid JSON is read as the same value with and without orjson."""
    assert read(stdlib_loads, body) == read(orjson.loads, body) != "refused"


@pytest.mark.parametrize("body", UNREADABLE, ids=short)
def test_both_refuse_what_is_not_json(body: bytes) -> None:
    """Invalid JSON, and numbers out of range, raise ValueError with and without orjson."""
    assert read(orjson.loads, body) == "refused"
    assert read(stdlib_loads, body) == "refused"


@pytest.mark.parametrize("body", BEYOND_64_BITS, ids=short)
def test_both_read_an_integer_beyond_64_bits_alike(body: bytes) -> None:
    """Integers of any size are the same value with orjson and without it."""
    assert read(stdlib_loads, body) == read(orjson.loads, body)


@given(json_bodies | damaged_bodies() | st.binary(max_size=20))
@example(b'{"a": 1e400, "b": "\\ud83d\\ude00"}')
def test_both_agree_on_any_bytes(body: bytes) -> None:
    """Both accept the same valid, damaged and random bytes, as the same value."""
    assert read(stdlib_loads, body) == read(orjson.loads, body)


@given(json_values)
def test_both_write_what_both_read_back(value: object) -> None:
    """A value written by either is read by either as the same value."""
    for written in (stdlib_dumps(value), orjson.dumps(value)):
        assert repr(stdlib_loads(written)) == repr(orjson.loads(written)) == repr(value)
    assert b"\n" not in stdlib_dumps(value)


def test_both_write_the_same_bytes() -> None:
    """A request has the same bytes with orjson and without it: compact, and in UTF-8."""
    value = {"unique_name": 'a"\\/\x7f\x1f\n会😀', "max_participants": 10, "c": None, "d": [True]}
    expected = (
        '{"unique_name":"a\\"\\\\/\x7f\\u001f\\n会😀","max_participants":10,"c":null,"d":[true]}'
    )
    assert stdlib_dumps(value) == orjson.dumps(value) == expected.encode()


def in_array(inner: object) -> list[object]:
    return [inner]


def in_object(inner: object) -> dict[str, object]:
    return {"a": 1, "b": inner}


@pytest.mark.parametrize("depth", [0, 1, MAX_DEPTH, MAX_DEPTH + 1, 980])
@pytest.mark.parametrize("form", [in_array, in_object])
def test_the_depth_of_a_value_is_bounded(
    depth: int, form: Callable[[object], dict[str, object] | list[object]]
) -> None:
    """A value of at most MAX_DEPTH levels is accepted, and both libraries can write it."""
    value: object = "x"
    for _ in range(depth):
        value = form(value)
    assert is_deep(value) is (depth > MAX_DEPTH)
    if depth <= MAX_DEPTH:
        assert orjson.dumps(value) == stdlib_dumps(value)


def test_a_value_that_contains_itself_is_deep() -> None:
    """Cycles and shared values are checked in time linear in their size."""
    cycle: list[object] = []
    cycle.append(cycle)
    assert is_deep(cycle)
    shared: object = []
    for _ in range(MAX_DEPTH - 1):
        shared = [shared, shared]
    assert not is_deep(shared)


def without_orjson(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the module again as if the extra were not installed."""
    monkeypatch.setitem(sys.modules, "orjson", None)
    spec = importlib.util.spec_from_file_location("json_without_orjson", wire_json.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_orjson_is_used_where_it_is_installed() -> None:
    """The extra `speed` has its effect."""
    assert (wire_json.loads, wire_json.dumps) == (orjson.loads, orjson.dumps)


def test_without_orjson_the_standard_library_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra JSON is slower, but works the same."""
    module = without_orjson(monkeypatch)
    assert (module.loads, module.dumps) == (module.stdlib_loads, module.stdlib_dumps)
    assert module.loads(module.dumps({"a": "é"})) == {"a": "é"}


WORKS_WITHOUT = """
import json, sys
sys.modules["orjson"] = None
from telnyx_video import CreateRoomRequest, ResponseDecodeError
from telnyx_video._wire.replies import read_room_written
from telnyx_video._wire.requests import create_room
from telnyx_video._base.http import HttpReply
sent = create_room(CreateRoomRequest(unique_name="会"))
assert json.loads(sent.body) == {"unique_name": "会"}
room = read_room_written(HttpReply(201, {}, b'{"data": {"id": "a"}}'))
try:
    read_room_written(HttpReply(201, {}, b"\\xff"))
except ResponseDecodeError as error:
    print(room.id, error.outcome.value)
"""


def test_the_package_works_where_orjson_is_missing() -> None:
    """A plain installation builds requests and reads replies, and its errors are the same."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WORKS_WITHOUT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("a unknown\n", "")


def test_the_readers_disagree_with_plain_json_only_on_purpose() -> None:
    """Unlike the standard library's reader, ours refuses NaN and lone surrogates."""
    for body in (b"NaN", b'"\\ud800"'):
        json.loads(body)
        assert read(stdlib_loads, body) == "refused"
