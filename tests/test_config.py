"""Configuration: precedence, invalid keys and base URLs, and that nothing shows a key.

The key is sent wherever the base URL points: a wrong address leaks it.
"""

import logging
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import wild_text
from support.words import is_one_line, short
from telnyx_video import ConfigurationError
from telnyx_video.config import DEFAULT_BASE_URL, ApiKey, ClientConfig, resolve

KEY = "KEY0123_secret"
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
    return resolve(api_key=KEY, base_url=url, allow_insecure=allow_insecure).base_url


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], None]:
    """Clear the package's environment variables; return what sets others."""
    for name in ("API_KEY", "BASE_URL", "PUBLIC_KEY", "LOG"):
        monkeypatch.delenv(f"TELNYX_{name}", raising=False)

    def set_variables(variables: dict[str, str]) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_variables


SetVariables = Callable[[dict[str, str]], None]


def test_an_argument_beats_the_environment(environment: SetVariables) -> None:
    """An argument takes precedence over the environment."""
    environment({"TELNYX_API_KEY": "other", "TELNYX_BASE_URL": "https://api.telnyx.eu/v2"})
    config = resolve(api_key=KEY, base_url="https://example.com/v2")
    assert config == ClientConfig(KEY, "https://example.com/v2")


def test_the_environment_beats_the_default(environment: SetVariables) -> None:
    """A service can be configured by the process's environment alone."""
    environment({"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": "https://api.telnyx.eu/v2/"})
    assert resolve() == ClientConfig(KEY, "https://api.telnyx.eu/v2")


@pytest.mark.parametrize("variables", [{}, {"TELNYX_BASE_URL": ""}])
def test_by_default_the_public_api_is_called(
    environment: SetVariables, variables: dict[str, str]
) -> None:
    """Without a base URL, or with an empty one, it is the API's own."""
    environment(variables)
    assert resolve(api_key=KEY).base_url == DEFAULT_BASE_URL


@pytest.mark.parametrize("variables", [{}, {"TELNYX_API_KEY": ""}])
def test_a_missing_key_is_reported_with_a_hint(
    environment: SetVariables, variables: dict[str, str]
) -> None:
    """A missing key is reported with both ways of setting it."""
    environment(variables)
    with pytest.raises(ConfigurationError, match=r"api_key=.* TELNYX_API_KEY"):
        resolve()


def test_an_empty_key_does_not_fall_back_to_the_environment(environment: SetVariables) -> None:
    """An empty argument must not select another account's key."""
    environment({"TELNYX_API_KEY": KEY})
    with pytest.raises(ConfigurationError, match="no API key"):
        resolve(api_key="")


@pytest.mark.parametrize("key", [KEY + "\n", KEY + "\r\nX: y", f"{KEY} ", "\t" + KEY, KEY + "é"])
@pytest.mark.parametrize("source", ["api_key", "TELNYX_API_KEY"])
def test_a_malformed_key_is_refused_without_showing_it(
    environment: SetVariables, key: str, source: str
) -> None:
    """The error names the source of a malformed key, never its value."""
    argument = key if source == "api_key" else None
    if argument is None:
        environment({source: key})
    with pytest.raises(ConfigurationError) as caught:
        resolve(api_key=argument)
    assert str(caught.value).startswith(f"{source} is not an API key")
    assert KEY not in repr(caught.value) + str(caught.value) + repr(caught.value.__dict__)
    assert is_one_line(str(caught.value))


@pytest.mark.parametrize("key", [KEY.encode(), 7, [KEY]])
def test_a_key_of_another_type_is_refused(key: str) -> None:
    """Only a string can be a key."""
    with pytest.raises(ConfigurationError, match="api_key is not an API key"):
        resolve(api_key=key)


def test_a_key_may_have_spaces_within() -> None:
    """Inner spaces are allowed in a header."""
    assert resolve(api_key="My API Key").api_key == "My API Key"


def test_a_configuration_does_not_show_the_key() -> None:
    """A configuration can be logged."""
    assert KEY not in repr(ClientConfig(KEY, DEFAULT_BASE_URL))


def shows(error: BaseException, secret: str) -> bool:
    """Test whether a traceback with local variables shows the secret.

    The frame of the test itself, which has to know the secret, is left out.
    """
    assert error.__traceback__ is not None
    inner = error.__traceback__.tb_next
    assert inner is not None
    report = traceback.TracebackException(type(error), error, inner, capture_locals=True)
    frames = [frame.f_locals for frame, _ in traceback.walk_tb(inner)]
    values = [value for variables in frames for value in variables.values()]
    return secret in "".join(report.format()) or any(secret in repr(value) for value in values)


@pytest.mark.parametrize("wrap", [str, ApiKey])
@pytest.mark.parametrize(
    "arguments", [{"base_url": "nowhere"}, {"allow_insecure": "no"}, {"base_url": 7}], ids=short
)
def test_no_traceback_shows_the_key(wrap: Any, arguments: Any) -> None:
    """Local variables of the frames that raise hold the key only where no repr shows it."""
    with pytest.raises(ConfigurationError) as caught:
        resolve(api_key=wrap(KEY), **arguments)
    assert not shows(caught.value, KEY)


@pytest.mark.parametrize("argument", [KEY + " ", [KEY], None], ids=short)
def test_no_traceback_shows_a_malformed_key(environment: SetVariables, argument: Any) -> None:
    """Neither an argument nor a variable is shown, although it is refused."""
    environment({"TELNYX_API_KEY": KEY + "\n"})
    with pytest.raises(ConfigurationError) as caught:
        resolve(api_key=argument)
    assert not shows(caught.value, KEY)


def test_a_wrapped_key_is_used_like_a_plain_one() -> None:
    """A client can wrap its key before it does anything that may raise."""
    assert resolve(api_key=ApiKey.wrap(KEY)) == resolve(api_key=KEY)
    assert repr(ApiKey.wrap(KEY)) == "ApiKey()"


@pytest.mark.parametrize("url", LOOPBACK)
def test_plain_http_may_go_to_this_machine(url: str) -> None:
    """A local server needs no certificate, under any name of this machine."""
    assert at(url) == url.rstrip("/")


@pytest.mark.parametrize("url", IN_THE_CLEAR)
def test_plain_http_to_another_machine_needs_permission(url: str) -> None:
    """The key is not sent in the clear unless the caller insists."""
    with pytest.raises(ConfigurationError, match="in the clear; use https") as caught:
        at(url)
    assert is_one_line(str(caught.value))
    assert at(url, allow_insecure=True) == url


@pytest.mark.parametrize("permission", ["false", "no", 1, 0, None, ["x"]], ids=short)
@pytest.mark.parametrize("url", [IN_THE_CLEAR[0], DEFAULT_BASE_URL])
def test_only_true_permits_the_key_in_the_clear(url: str, permission: Any) -> None:
    """A string from a configuration file, even "false", is refused: it is not a bool."""
    with pytest.raises(ConfigurationError, match="allow_insecure: must be true or false, not"):
        at(url, allow_insecure=permission)


@pytest.mark.parametrize("url", NOT_AN_ADDRESS, ids=short)
@pytest.mark.parametrize("allow_insecure", [False, True])
def test_an_invalid_address_is_refused(url: object, allow_insecure: bool) -> None:
    """A wrong base URL is reported when the client is made, with a valid example."""
    with pytest.raises(ConfigurationError, match=f"must look like {DEFAULT_BASE_URL}") as caught:
        at(url, allow_insecure=allow_insecure)
    assert is_one_line(str(caught.value))


@pytest.mark.parametrize("url", MORE_THAN_AN_ADDRESS)
def test_an_address_has_no_credentials_query_or_fragment(url: str) -> None:
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
    """Any text is a base URL or a ConfigurationError."""
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
def test_telnyx_log_writes_to_stderr(environment: SetVariables, value: str, level: int) -> None:
    """One variable enables logging, with one handler for any number of clients."""
    environment({"TELNYX_LOG": value})
    with logging_of_a_program() as logger:
        for _ in range(2):
            resolve(api_key=KEY)
        assert logger.level == level
        assert [type(handler) for handler in logger.handlers] == [logging.StreamHandler]


@pytest.mark.parametrize("variables", [{}, {"TELNYX_LOG": ""}, {"TELNYX_LOG": "loud"}])
def test_without_telnyx_log_the_package_is_silent(
    environment: SetVariables, variables: dict[str, str]
) -> None:
    """Logging is left to the program unless the variable says otherwise."""
    environment(variables)
    with logging_of_a_program() as logger:
        before = logger.level
        resolve(api_key=KEY)
        assert (logger.level, logger.handlers) == (before, [])


def test_telnyx_log_adds_no_handler_to_a_program_that_has_one(environment: SetVariables) -> None:
    """Records are not written twice where the program already writes them."""
    environment({"TELNYX_LOG": "debug"})
    with logging_of_a_program(logging.NullHandler()) as logger:
        resolve(api_key=KEY)
        assert (logger.level, logger.handlers) == (logging.DEBUG, [])
