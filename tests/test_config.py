"""Settings: what beats what, which keys and addresses are refused, and that no message shows a key.

The key goes wherever the base URL points: a wrong address gives it away.
"""

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.odd import Loud, member
from support.strategies import wild_text
from support.words import is_one_line, short
from telnyx_video import ConfigurationError
from telnyx_video.config import DEFAULT_BASE_URL, Settings, resolve

KEY = "KEY0123_secret"
NOTHING: Mapping[str, str] = {}
LOOPBACK = [
    "http://localhost",
    "http://LocalHost:8080/v2",
    "http://127.0.0.1:1/v2",
    "http://127.255.255.254",
    "http://[::1]:8080/v2",
    "http://[0:0:0:0:0:0:0:1]/",
]
IN_THE_CLEAR = [
    "http://api.telnyx.com/v2",
    "http://localhost.example.com",
    "http://localhost.",
    "http://127.0.0.1.nip.io",
    "http://128.0.0.1",
    "http://126.255.255.255",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::2]",
    "http://127.1",
    "http://2130706433",
    "http://10.0.0.1",
    "http://192.168.0.1:8080",
    "HTTP://example.com",
]
NOT_AN_ADDRESS: list[object] = [
    "api.telnyx.com",
    "//api.telnyx.com/v2",
    "https://",
    "https:///v2",
    "https://:443/v2",
    "ftp://api.telnyx.com",
    "file:///etc/passwd",
    "https://api.telnyx.com:0",
    "https://api.telnyx.com:65536",
    "https://api.telnyx.com:https",
    "https://[::1",
    "https://[telnyx]/v2",
    "https://api telnyx.com",
    " https://api.telnyx.com",
    "https://api.telnyx.com/v2\n",
    "https://api.tel\tnyx.com/v2",
    "https://api.telnyx.com/\ud800",
    " ",
    b"https://api.telnyx.com",
    7,
    ["https://api.telnyx.com"],
]
MORE_THAN_AN_ADDRESS = [
    "https://user:secret@api.telnyx.com/v2",
    "https://user@api.telnyx.com/v2",
    "https://:secret@api.telnyx.com/v2",
    "https://api.telnyx.com/v2?key=secret",
    "https://api.telnyx.com/v2?/",
    "https://api.telnyx.com/v2#secret",
    "https://api.telnyx.com@example.com/v2",
    "http://localhost@example.com",
    "http://localhost\\@example.com",
    # The empty ones count too: "/rooms" appended to a question mark is not a path.
    "https://api.telnyx.com/v2?",
    "https://api.telnyx.com/v2#",
    "https://@api.telnyx.com/v2",
    "https://:@api.telnyx.com/v2",
]


def at(base_url: object, *, allow_insecure: bool = False) -> str:
    """Return the address that is used for a base URL."""
    url: str = base_url  # type: ignore[assignment] # pyright: ignore[reportAssignmentType] # untyped callers
    settings = resolve(
        api_key=KEY, base_url=url, allow_insecure=allow_insecure, environment=NOTHING
    )
    return settings.base_url


def test_an_argument_beats_the_environment() -> None:
    """What is passed is used, whatever the environment says."""
    environment = {"TELNYX_API_KEY": "other", "TELNYX_BASE_URL": "https://api.telnyx.eu/v2"}
    settings = resolve(api_key=KEY, base_url="https://example.com/v2", environment=environment)
    assert settings == Settings(KEY, "https://example.com/v2")


def test_the_environment_beats_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service can be configured by the process's environment alone."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    monkeypatch.setenv("TELNYX_BASE_URL", "https://api.telnyx.eu/v2/")
    assert resolve() == Settings(KEY, "https://api.telnyx.eu/v2")


@pytest.mark.parametrize("environment", [{}, {"TELNYX_BASE_URL": ""}])
def test_by_default_the_public_api_is_called(environment: dict[str, str]) -> None:
    """Without a word on the address, or with an empty one, it is the API's own."""
    assert resolve(api_key=KEY, environment=environment).base_url == DEFAULT_BASE_URL


@pytest.mark.parametrize("environment", [{}, {"TELNYX_API_KEY": ""}])
def test_without_a_key_the_message_says_how_to_give_one(environment: dict[str, str]) -> None:
    """A missing key is told at once, with both ways of setting it."""
    with pytest.raises(ConfigurationError, match=r"api_key=.* TELNYX_API_KEY"):
        resolve(environment=environment)


def test_an_empty_key_does_not_fall_back_to_the_environment() -> None:
    """Whoever passes a key, even an empty one, does not want another account's."""
    with pytest.raises(ConfigurationError, match="no API key"):
        resolve(api_key="", environment={"TELNYX_API_KEY": KEY})


@pytest.mark.parametrize("other", [Loud, member])
def test_a_key_may_be_a_member_of_an_enumeration(other: Callable[[str], str]) -> None:
    """What is sent is the key, not how its class writes it."""
    assert f"Bearer {resolve(api_key=other(KEY), environment=NOTHING).api_key}" == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "key", [KEY + "\n", KEY + "\r\nX: y", f"Bearer {KEY}", "\t" + KEY, KEY + "é", KEY + "\0"]
)
@pytest.mark.parametrize("source", ["api_key", "TELNYX_API_KEY"])
def test_a_malformed_key_is_refused_without_showing_it(key: str, source: str) -> None:
    """A key with a stray character is named by where it came from, never by what it is."""
    argument, environment = (key, {}) if source == "api_key" else (None, {source: key})
    with pytest.raises(ConfigurationError) as caught:
        resolve(api_key=argument, environment=environment)
    assert str(caught.value).startswith(f"{source} is not an API key")
    assert KEY not in repr(caught.value) + str(caught.value) + repr(caught.value.__dict__)
    assert is_one_line(str(caught.value))


@pytest.mark.parametrize("key", [KEY.encode(), 7, [KEY]])
def test_a_key_of_another_type_is_refused(key: str) -> None:
    """Bytes and other things that are not text do not become a header."""
    with pytest.raises(ConfigurationError, match="api_key is not an API key"):
        resolve(api_key=key, environment=NOTHING)


def test_settings_do_not_show_the_key() -> None:
    """Settings can be logged."""
    assert KEY not in repr(Settings(KEY, DEFAULT_BASE_URL))


@pytest.mark.parametrize("url", LOOPBACK)
def test_plain_http_may_go_to_this_machine(url: str) -> None:
    """A local server needs no certificate, under any name of this machine."""
    assert at(url) == url.rstrip("/")


@pytest.mark.parametrize("url", IN_THE_CLEAR)
def test_plain_http_to_another_machine_has_to_be_asked_for(url: str) -> None:
    """The key is not sent in the clear unless the caller insists."""
    with pytest.raises(ConfigurationError, match="in the clear; use https") as caught:
        at(url)
    assert is_one_line(str(caught.value))
    assert at(url, allow_insecure=True) == url


@pytest.mark.parametrize("permission", ["false", "no", 1, 0, None, ["x"]], ids=short)
@pytest.mark.parametrize("url", [IN_THE_CLEAR[0], DEFAULT_BASE_URL])
def test_only_true_permits_the_key_in_the_clear(url: str, permission: Any) -> None:
    """A word from a settings file, even "false", permits nothing: it is refused as no bool."""
    with pytest.raises(ConfigurationError, match="allow_insecure: must be true or false, not"):
        at(url, allow_insecure=permission)


@pytest.mark.parametrize("url", NOT_AN_ADDRESS, ids=short)
@pytest.mark.parametrize("allow_insecure", [False, True])
def test_what_is_no_http_address_is_refused(url: object, allow_insecure: bool) -> None:
    """A wrong base URL is told when the client is made, with one that is right."""
    with pytest.raises(ConfigurationError, match=f"must look like {DEFAULT_BASE_URL}") as caught:
        at(url, allow_insecure=allow_insecure)
    assert is_one_line(str(caught.value))


@pytest.mark.parametrize("url", MORE_THAN_AN_ADDRESS)
def test_an_address_holds_nothing_but_an_address(url: str) -> None:
    """Credentials, a query or a fragment in the base URL are refused, and not shown."""
    with pytest.raises(ConfigurationError, match="more than scheme, host, port and path") as caught:
        at(url, allow_insecure=True)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "used"),
    [
        ("https://example.com/", "https://example.com"),
        ("https://example.com/v2//", "https://example.com/v2"),
        ("https://[2001:db8::1]:8443/a/b", "https://[2001:db8::1]:8443/a/b"),
    ],
)
def test_slashes_at_the_end_do_not_count(url: str, used: str) -> None:
    """Paths are appended to the base URL whether or not it ends in a slash."""
    assert at(url) == used


@given(wild_text | st.text("htps:/@[]?#.\\ 127a%\n", max_size=20).map("http://".__add__))
def test_any_text_is_an_address_or_a_configuration_error(url: str) -> None:
    """Whatever stands where the base URL should, nothing but our own error comes of it."""
    try:
        answer = at(url)
    except ConfigurationError as error:
        answer = str(error)
    assert answer.lower().startswith(("http://", "https://", "base_url "))
    assert is_one_line(answer)


@contextmanager
def logging_of_a_program(*handlers: logging.Handler) -> Generator[logging.Logger]:
    """The package's logger in a program whose root has these handlers; all is restored after."""
    ours, root = logging.getLogger("telnyx_video"), logging.getLogger()
    level, own, others = ours.level, ours.handlers, root.handlers
    ours.handlers, root.handlers = [], [*handlers]
    try:
        yield ours
    finally:
        ours.handlers, root.handlers = own, others
        ours.setLevel(level)


@pytest.mark.parametrize(("value", "level"), [("debug", logging.DEBUG), ("info", logging.INFO)])
def test_telnyx_log_writes_to_stderr(value: str, level: int) -> None:
    """One variable makes the package talk, once, however many clients are made."""
    with logging_of_a_program() as logger:
        for _ in range(2):
            resolve(api_key=KEY, environment={"TELNYX_LOG": value})
        assert logger.level == level
        assert [type(handler) for handler in logger.handlers] == [logging.StreamHandler]


@pytest.mark.parametrize("environment", [{}, {"TELNYX_LOG": ""}, {"TELNYX_LOG": "loud"}])
def test_without_telnyx_log_the_package_is_silent(environment: dict[str, str]) -> None:
    """Logging is left to the program unless the variable says otherwise."""
    with logging_of_a_program() as logger:
        before = logger.level
        resolve(api_key=KEY, environment=environment)
        assert (logger.level, logger.handlers) == (before, [])


def test_telnyx_log_adds_no_handler_to_a_program_that_has_one() -> None:
    """Records are not written twice where the program already writes them."""
    with logging_of_a_program(logging.NullHandler()) as logger:
        resolve(api_key=KEY, environment={"TELNYX_LOG": "debug"})
        assert (logger.level, logger.handlers) == (logging.DEBUG, [])
