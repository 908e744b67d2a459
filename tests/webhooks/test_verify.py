"""Verification accepts what Telnyx signed, unchanged and recently, and nothing else."""

import base64
from collections.abc import Iterable
from math import nan
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.hooks import PUBLIC_KEY, SIGNATURE, SIGNER, TIMESTAMP
from support.strategies import wild_text
from support.words import is_one_line, short
from telnyx_video import ConfigurationError, Outcome, TelnyxVideoError, WebhookVerificationError
from telnyx_video.testing import WebhookSigner
from telnyx_video.webhooks.verify import (
    has_small_order,
    is_signed,
    public_key_of,
    resolve_public_keys,
    sign,
    verify,
)

NOW = 1_709_251_200
BODY = b'{"data": {}}'
SIGNED = SIGNER.sign(BODY, timestamp=NOW)
HEADERS = {name: SIGNED.headers[name] for name in (SIGNATURE, TIMESTAMP)}
KEYS = (base64.b64decode(PUBLIC_KEY),)

RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def check(
    body: bytes = BODY,
    headers: Iterable[tuple[object, object]] | None = None,
    *,
    keys: Iterable[bytes] = KEYS,
    now: float = NOW,
) -> None:
    """Check a delivery, by default the genuine one at the moment when it was signed."""
    pairs = HEADERS.items() if headers is None else headers
    verify(body, pairs, keys=keys, tolerance=300.0, now=now)


def refusal(*arguments: Any, **options: Any) -> WebhookVerificationError:
    """Return the error with which a delivery is refused."""
    with pytest.raises(WebhookVerificationError) as caught:
        check(*arguments, **options)
    assert is_one_line(str(caught.value))
    assert caught.value.outcome is Outcome.NOT_APPLIED
    return caught.value


@pytest.mark.parametrize(("seed", "key", "message", "signature"), RFC_8032, ids=["1", "2", "3"])
def test_the_published_vectors_of_ed25519_hold(
    seed: str, key: str, message: str, signature: str
) -> None:
    """Keys and signatures match the vectors of RFC 8032, section 7.1."""
    raw = bytes.fromhex(seed)
    assert public_key_of(raw).hex() == key
    assert sign(bytes.fromhex(message), raw).hex() == signature
    assert is_signed(bytes.fromhex(message), bytes.fromhex(signature), bytes.fromhex(key))
    assert not is_signed(b"another", bytes.fromhex(signature), bytes.fromhex(key))


def test_the_published_key_of_telnyx_is_the_one_derived() -> None:
    """The public key of the published check vector belongs to its seed."""
    assert SIGNER.public_key == PUBLIC_KEY


def test_a_genuine_delivery_is_accepted() -> None:
    """The signature covers timestamp, bar and body."""
    check()
    signature = sign(b"1709251200|" + BODY, bytes(range(32)))
    check(headers=[(TIMESTAMP, "1709251200"), (SIGNATURE, base64.b64encode(signature).decode())])


@pytest.mark.parametrize("header", [SIGNATURE, TIMESTAMP])
def test_a_missing_header_is_named(header: str) -> None:
    """The error names the missing header."""
    others = [(name, value) for name, value in HEADERS.items() if name != header]
    error = refusal(headers=[*others, (f"x-{header}", "1"), (header.replace("-", "_"), "1")])
    assert error.header == header
    assert f"the {header} header is missing" in str(error)


@pytest.mark.parametrize("header", [SIGNATURE, TIMESTAMP])
@pytest.mark.parametrize("again", ["same", "other case", "joined"])
def test_a_repeated_header_is_refused(header: str, again: str) -> None:
    """A repeated header is refused, even with equal values."""
    value = HEADERS[header]
    if again == "joined":
        pairs = [*({**HEADERS, header: f"{value}, {value}"}).items()]
    else:
        pairs = [*HEADERS.items(), (header if again == "same" else header.upper(), value)]
    error = refusal(headers=pairs)
    assert (error.header, "more than once" in str(error)) == (header, True)


def spellings(signature: str) -> dict[str, object]:
    """Return the signature in forms that a lax decoder would accept."""
    raw = base64.b64decode(signature)
    return {
        "empty": "",
        "padding alone": "=",
        "not base64": "not base64!",
        "a space before": f" {signature}",
        "a line break behind": f"{signature}\n",
        "no padding": signature.rstrip("="),
        "more padding": f"{signature}=",
        "unused bits set": f"{signature[:-3]}{chr(ord(signature[-3]) + 1)}==",
        "another alphabet": base64.urlsafe_b64encode(raw).decode(),
        "a byte less": base64.b64encode(raw[:-1]).decode(),
        "a byte more": base64.b64encode(raw + b"\0").decode(),
        "hexadecimal": raw.hex(),
        "other digits": "\u0661" * 88,
        "a lone surrogate": "\ud800",
        "bytes": signature.encode(),
        "a list": [signature],
        "nothing": None,
    }


SPELLINGS = spellings(HEADERS[SIGNATURE])


@pytest.mark.parametrize("value", SPELLINGS.values(), ids=SPELLINGS)
def test_only_canonical_base64_is_a_signature(value: object) -> None:
    """Anything but the canonical base64 of 64 bytes is malformed."""
    error = refusal(headers={**HEADERS, SIGNATURE: value}.items())
    assert error.header == SIGNATURE
    assert "malformed" in str(error) or "not text" in str(error)


TIMES: list[object] = [
    "",
    " ",
    "now",
    f" {NOW}",
    f"{NOW}\n",
    f"+{NOW}",
    f"-{NOW}",
    f"{NOW}.0",
    "1_709_251_200",
    "0x65e11b80",
    "1e9",
    "inf",
    "nan",
    "²",
    "".join(chr(0x660 + int(digit)) for digit in str(NOW)),
    "9" * 13,
    "9" * 5000,
    "\x1b[2J\ud800",
    str(NOW).encode(),
    NOW,
    None,
]


@pytest.mark.parametrize("value", TIMES, ids=short)
def test_only_digits_are_a_timestamp(value: object) -> None:
    """Only digits are a timestamp, not every text that Python reads as a number."""
    error = refusal(headers={**HEADERS, TIMESTAMP: value}.items())
    assert error.header == TIMESTAMP
    assert "malformed" in str(error) or "not text" in str(error)


@pytest.mark.parametrize("age", [0, 299, 300, -299, -300, 299.9])
def test_a_delivery_within_the_tolerance_is_accepted(age: float) -> None:
    """The tolerance applies both ways and includes its end."""
    check(now=NOW + age)


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (300.5, "300.5 s in the past, and 300 s are allowed"),
        (-301, "301.0 s in the future, and 300 s are allowed"),
        (10**9, "1000000000.0 s in the past"),
        (-(10**12), "1000000000000.0 s in the future"),
        (nan, "nan s in the future"),
    ],
)
def test_a_stale_delivery_is_refused(age: float, words: str) -> None:
    """A recorded delivery cannot be replayed later, nor dated into the future."""
    error = refusal(now=NOW + age)
    assert error.header == TIMESTAMP
    assert words in str(error)


OTHER_KEYS = (bytes(32), b"\xff" * 32, WebhookSigner().public_key.encode()[:32])


def test_all_mismatches_have_the_same_message() -> None:
    """A changed body, a changed time, a wrong key and a wrong signature are refused alike."""
    other = base64.b64encode(bytes(64)).decode()
    refusals = [
        refusal(body=BODY + b" "),
        refusal(body=b""),
        refusal(headers={**HEADERS, TIMESTAMP: str(NOW + 1)}.items()),
        refusal(headers={**HEADERS, SIGNATURE: other}.items()),
        refusal(keys=OTHER_KEYS),
        refusal(keys=()),
    ]
    assert {str(error) for error in refusals} == {str(refusals[0])}
    assert {error.header for error in refusals} == {SIGNATURE}
    assert "does not match" in str(refusals[0])


def test_a_signature_is_not_malleable() -> None:
    """A signature with the order of the group added is another, and refused (RFC 8032, 5.1.7)."""
    order = 2**252 + 27742317777372353535851937790883648493
    raw = base64.b64decode(HEADERS[SIGNATURE])
    s = int.from_bytes(raw[32:], "little") + order
    forged = base64.b64encode(raw[:32] + s.to_bytes(32, "little")).decode()
    assert "does not match" in str(refusal(headers={**HEADERS, SIGNATURE: forged}.items()))


def test_every_key_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """During a key rotation both keys verify, in the same time."""
    tried: list[bytes] = []

    def noted(message: bytes, signature: bytes, key: bytes) -> bool:
        tried.append(key)
        return is_signed(message, signature, key)

    monkeypatch.setattr("telnyx_video.webhooks.verify.is_signed", noted)
    for keys in ((*KEYS, *OTHER_KEYS), (*OTHER_KEYS, *KEYS)):
        tried.clear()
        check(keys=keys)
        assert tuple(tried) == keys


@pytest.mark.parametrize("body", ["{}", bytearray(b"{}"), {"data": {}}, None], ids=short)
def test_a_body_that_is_not_bytes_is_a_configuration_error(body: Any) -> None:
    """The message says that a decoded or parsed body cannot be verified."""
    with pytest.raises(ConfigurationError, match="bytes as received"):
        check(body)


values = wild_text | st.binary(max_size=90) | st.none() | st.integers()


@given(
    body=st.binary(max_size=40),
    headers=st.lists(
        st.tuples(st.sampled_from([SIGNATURE, TIMESTAMP, TIMESTAMP.title(), b"x", None]), values)
    ),
    key=st.binary(min_size=32, max_size=32),
)
def test_any_unsigned_delivery_is_refused(
    body: bytes, headers: list[tuple[object, object]], key: bytes
) -> None:
    """Any unsigned delivery is refused with a message of one line."""
    with pytest.raises(WebhookVerificationError) as caught:
        check(body, headers, keys=[key])
    assert isinstance(caught.value, TelnyxVideoError)
    assert is_one_line(str(caught.value))


ONE, OTHER = bytes(range(32)), b"\xff" * 32
ONE_TEXT, OTHER_TEXT = (base64.b64encode(key).decode() for key in (ONE, OTHER))


@pytest.mark.parametrize(
    ("given_keys", "variable", "keys"),
    [
        (ONE_TEXT, OTHER_TEXT, (ONE,)),
        (f" {ONE_TEXT}\n", None, (ONE,)),
        (ONE, None, (ONE,)),
        ([ONE, OTHER_TEXT], None, (ONE, OTHER)),
        ({OTHER_TEXT: 1, ONE: 2}.keys(), None, (OTHER, ONE)),
        (None, ONE_TEXT, (ONE,)),
        (None, f"{ONE_TEXT}, {OTHER_TEXT}\n", (ONE, OTHER)),
        (None, f"{ONE_TEXT},", (ONE,)),
    ],
    ids=short,
)
def test_public_keys_come_from_the_argument_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    given_keys: Any,
    variable: str | None,
    keys: tuple[bytes, ...],
) -> None:
    """One key or several, as text or as bytes; the argument takes precedence."""
    monkeypatch.setenv("TELNYX_PUBLIC_KEY", variable or "")
    assert resolve_public_keys(given_keys) == keys


@pytest.mark.parametrize("given_keys", [None, "", b"", [], [""]], ids=short)
@pytest.mark.parametrize("variable", [None, ""])
def test_a_missing_public_key_is_an_error_with_a_hint(
    monkeypatch: pytest.MonkeyPatch, given_keys: Any, variable: str | None
) -> None:
    """Without a key nothing is accepted."""
    monkeypatch.delenv("TELNYX_PUBLIC_KEY", raising=False)
    if variable is not None:
        monkeypatch.setenv("TELNYX_PUBLIC_KEY", variable)
    with pytest.raises(ConfigurationError) as caught:
        resolve_public_keys(given_keys)
    assert "public_key=" in str(caught.value)
    assert "TELNYX_PUBLIC_KEY" in str(caught.value)


@pytest.mark.parametrize(
    "key",
    [
        " ",
        "x",
        ONE_TEXT[:-1],
        ONE_TEXT[:-4] + "====",
        base64.b64encode(ONE + b"\0").decode(),
        ONE.hex(),
        "\u0661" * 44,
        f"{ONE_TEXT}, {ONE_TEXT}",
        ONE_TEXT.encode(),
        ONE[1:],
        7,
    ],
    ids=short,
)
def test_a_malformed_public_key_is_refused(monkeypatch: pytest.MonkeyPatch, key: Any) -> None:
    """The error names the source of the key."""
    with pytest.raises(ConfigurationError, match="public_key is not"):
        resolve_public_keys([ONE_TEXT, key])
    if not isinstance(key, bytes):
        with pytest.raises(ConfigurationError, match="public_key is not"):
            resolve_public_keys(key)
    if isinstance(key, str) and "," not in key:
        monkeypatch.setenv("TELNYX_PUBLIC_KEY", key)
        with pytest.raises(ConfigurationError, match="TELNYX_PUBLIC_KEY is not"):
            resolve_public_keys()


FIELD = 2**255 - 19
D = -121665 * pow(121666, -1, FIELD) % FIELD
"""The curve -x² + y² = 1 + D x² y² (RFC 8032, section 5.1)."""

ROOT_OF_MINUS_ONE = pow(2, (FIELD - 1) // 4, FIELD)

Point = tuple[int, int]


def plus(one: Point, other: Point) -> Point:
    """Add two points of the curve."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, FIELD)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, FIELD)
    return x % FIELD, y % FIELD


def times(scalar: int, point: Point) -> Point:
    """Multiply a point by a scalar."""
    total = (0, 1)
    for bit in f"{scalar:b}":
        total = plus(total, total)
        if bit == "1":
            total = plus(total, point)
    return total


def decoded(key: bytes) -> Point | None:
    """Return the point of an encoding, canonical or not, or None."""
    y = int.from_bytes(key, "little") & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, FIELD) % FIELD
    x = pow(square, (FIELD + 3) // 8, FIELD)
    if x * x % FIELD != square:
        x = x * ROOT_OF_MINUS_ONE % FIELD
    return (x, y % FIELD) if x * x % FIELD == square else None


def encodings(y: int) -> Iterable[bytes]:
    """Return each 32 bytes that decoders may read as a point with this y coordinate."""
    for value in {y % FIELD, y % FIELD + FIELD}:
        if value < 2**255:
            for sign in (0, 1):
                yield (value | sign << 255).to_bytes(32, "little")


def small_order_keys() -> set[bytes]:
    """Compute every encoding of the eight points whose order divides 8."""
    order = 2**252 + 27742317777372353535851937790883648493
    points = filter(None, (decoded(y.to_bytes(32, "little")) for y in range(2, 100)))
    torsion = [times(order, point) for point in points]  # what is left has an order that divides 8
    generator = next(point for point in torsion if times(4, point) != (0, 1))
    return {key for n in range(8) for key in encodings(times(n, generator)[1])}


def test_public_keys_of_small_order_are_refused() -> None:
    """All encodings of such keys are refused, and no others."""
    keys = small_order_keys()
    assert len(keys) == 14
    assert {key for key in keys if has_small_order(key)} == keys
    for key in keys:
        assert times(8, cast("Point", decoded(key))) == (0, 1)
        with pytest.raises(ConfigurationError, match="public_key is a point of small order"):
            resolve_public_keys(base64.b64encode(key).decode())
    assert not has_small_order(base64.b64decode(PUBLIC_KEY))


def test_a_key_of_small_order_would_accept_a_forgery() -> None:
    """OpenSSL accepts a signature that was made without a secret."""
    identity, signature = b"\1" + bytes(31), b"\1" + bytes(63)
    assert is_signed(b"anything", signature, identity)


@given(st.binary(min_size=32, max_size=32))
def test_other_public_keys_are_not_refused(seed: bytes) -> None:
    """A generated key never has a small order."""
    assert not has_small_order(public_key_of(seed))
