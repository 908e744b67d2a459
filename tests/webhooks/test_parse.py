"""Deliveries with the headers of several frameworks, the real clock and the environment."""

import time
from collections.abc import Callable, Mapping
from email.message import Message
from importlib import import_module
from math import inf, nan
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from support.hooks import PUBLIC_KEY, SIGNATURE, SIGNER, TIMESTAMP
from support.words import short
from telnyx_video import ConfigurationError, WebhookVerificationError
from telnyx_video.testing import WebhookSigner, make_event
from telnyx_video.webhooks import ParticipantLeft, verify_and_parse


def django_headers(headers: Mapping[str, str]) -> Any:
    """Return the headers as a view of Django has them."""
    environ = {f"HTTP_{name.upper().replace('-', '_')}": headers[name] for name in headers}
    return import_module("django.http.request").HttpHeaders(environ)


def flask_headers(headers: Mapping[str, str]) -> Any:
    """Return the headers as a view of Flask has them."""
    environ = {f"HTTP_{name.upper().replace('-', '_')}": headers[name] for name in headers}
    return import_module("werkzeug.datastructures").EnvironHeaders(environ)


def starlette_headers(headers: Mapping[str, str]) -> Any:
    """Return the headers as an endpoint of Starlette or FastAPI has them."""
    raw = [(name.lower().encode(), headers[name].encode()) for name in headers]
    return import_module("starlette.datastructures").Headers(raw=raw)


def aiohttp_headers(headers: Mapping[str, str]) -> Any:
    """Return the headers as a handler of aiohttp has them."""
    return CIMultiDictProxy(CIMultiDict(headers))


def http_server_headers(headers: Mapping[str, str]) -> Any:
    """Return the headers as a handler of the standard library has them."""
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message


FRAMEWORKS: list[Callable[[Mapping[str, str]], Any]] = [
    dict,
    aiohttp_headers,
    django_headers,
    flask_headers,
    starlette_headers,
    http_server_headers,
]


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_headers_are_taken_as_each_framework_has_them(
    framework: Callable[[Mapping[str, str]], Any], case: Callable[[str], str]
) -> None:
    """The headers of each framework are accepted, in any case."""
    signed = SIGNER.sign(make_event(ParticipantLeft, id="event-1"))
    headers = framework({case(name): value for name, value in signed.headers.items()})
    event = verify_and_parse(signed.body, headers, public_key=PUBLIC_KEY)
    assert (event.id, type(event)) == ("event-1", ParticipantLeft)
    with pytest.raises(WebhookVerificationError, match="missing"):
        verify_and_parse(signed.body, framework({"accept": "*/*"}), public_key=PUBLIC_KEY)


@pytest.mark.parametrize("name", [SIGNATURE, TIMESTAMP])
def test_a_repeated_header_in_a_multidict_is_refused(name: str) -> None:
    """A repeated header is refused if the framework keeps both."""
    signed = SIGNER.sign(make_event(ParticipantLeft))
    headers = CIMultiDict(signed.headers)
    headers.add(name, signed.headers[name])
    with pytest.raises(WebhookVerificationError, match="more than once"):
        verify_and_parse(signed.body, headers, public_key=PUBLIC_KEY)


def test_the_age_is_measured_by_the_clock() -> None:
    """The default tolerance is five minutes."""
    signed = SIGNER.sign(make_event(ParticipantLeft), timestamp=time.time() - 310)
    with pytest.raises(WebhookVerificationError, match="in the past, and 300 s"):
        verify_and_parse(signed.body, signed.headers, public_key=PUBLIC_KEY)
    verify_and_parse(signed.body, signed.headers, public_key=PUBLIC_KEY, tolerance=400)
    verify_and_parse(signed.body, signed.headers, public_key=PUBLIC_KEY, tolerance=inf)


def as_pairs(headers: Mapping[str, str]) -> Any:
    """Return the headers as pairs of strings."""
    return list(headers.items())


def as_bytes(headers: Mapping[str, str]) -> Any:
    """Return the headers as pairs of bytes, as in an ASGI scope."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def as_lists(headers: Mapping[str, str]) -> Any:
    """Return the headers as lists of bytes, which ASGI allows."""
    return iter([list(pair) for pair in as_bytes(headers)])


@pytest.mark.parametrize("form", [as_pairs, as_bytes, as_lists])
def test_headers_may_be_pairs(form: Callable[[Mapping[str, str]], Any]) -> None:
    """Pairs of an ASGI scope are accepted, and a repeated header is refused."""
    signed = SIGNER.sign(make_event(ParticipantLeft, id="event-1"))
    event = verify_and_parse(signed.body, form(signed.headers), public_key=PUBLIC_KEY)
    assert event.id == "event-1"
    twice = [*form(signed.headers), *form({TIMESTAMP: signed.headers[TIMESTAMP]})]
    with pytest.raises(WebhookVerificationError, match="more than once"):
        verify_and_parse(signed.body, twice, public_key=PUBLIC_KEY)


@pytest.mark.parametrize(
    "headers", [None, 5, "", "ab", b"ab", ["ab"], [TIMESTAMP], [(TIMESTAMP, "1", "2")]], ids=short
)
def test_invalid_headers_are_a_configuration_error(headers: Any) -> None:
    """It is a ConfigurationError, not a refused delivery."""
    signed = SIGNER.sign(make_event(ParticipantLeft))
    with pytest.raises(ConfigurationError, match=r"^headers must be .* this \w+ is neither$"):
        verify_and_parse(signed.body, headers, public_key=PUBLIC_KEY)


@pytest.mark.parametrize("tolerance", [0, 0.0, -1, nan, -inf, True, "5", None, 10j], ids=short)
def test_an_invalid_tolerance_is_refused(tolerance: Any) -> None:
    """A tolerance that would refuse or accept everything is a ConfigurationError."""
    signed = SIGNER.sign(make_event(ParticipantLeft))
    with pytest.raises(ConfigurationError, match="tolerance must be seconds, above 0, not"):
        verify_and_parse(signed.body, signed.headers, public_key=PUBLIC_KEY, tolerance=tolerance)


def test_the_environment_names_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument TELNYX_PUBLIC_KEY is read at each call."""
    signed = SIGNER.sign(make_event(ParticipantLeft))
    monkeypatch.delenv("TELNYX_PUBLIC_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY"):
        verify_and_parse(signed.body, signed.headers)
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", f"{WebhookSigner().public_key}, {PUBLIC_KEY}")
    verify_and_parse(signed.body, signed.headers)
