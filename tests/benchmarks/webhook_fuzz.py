"""Receives 100,000 mutated webhook deliveries: all must be refused, none may crash.

Each is a genuine delivery with a changed body, header, timestamp or key. The genuine delivery is
checked after every thousand mutants, to prove that it is accepted. Fails at the first mutant that
is accepted, or that raises anything but a refusal. Other counts, and the seed of other mutants, can
be given as arguments.
"""

import base64
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

import attrs

from telnyx_video.errors import WebhookVerificationError
from telnyx_video.testing import WebhookSigner, make_event
from telnyx_video.webhooks import ParticipantLeft, verify_and_parse
from telnyx_video.webhooks.verify import SIGNATURE_HEADER, TIMESTAMP_HEADER

MUTANTS = 100_000
SEED = 1

ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of Ed25519's group: S + ORDER encodes a signature again, which must be refused."""

SIGNER = WebhookSigner(bytes(range(32)))
STRANGER, OTHER = WebhookSigner(bytes(32)), WebhookSigner(b"\1" * 32)


@attrs.frozen
class Case:
    """The input of a receiver."""

    body: bytes
    headers: tuple[tuple[str, object], ...]
    key: str = SIGNER.public_key

    def with_header(self, name: str, change: Callable[[str], object]) -> "Case":
        """Return the case with the value of a header changed, if it has one."""
        headers = tuple(
            (key, change(value) if key == name and isinstance(value, str) else value)
            for key, value in self.headers
        )
        return attrs.evolve(self, headers=headers)

    def counts(self) -> tuple[object, ...]:
        """Return the parts that the verification depends on, without other headers and order."""
        names = (SIGNATURE_HEADER, TIMESTAMP_HEADER)
        headers = [(key.lower(), value) for key, value in self.headers if key.lower() in names]
        return self.body, self.key, sorted(headers, key=repr)

    def receive(self) -> None:
        """Check the delivery as a service would."""
        verify_and_parse(self.body, Pairs(self.headers), public_key=self.key)


@attrs.frozen
class Pairs:
    """A multi-value header mapping, as frameworks have."""

    pairs: tuple[tuple[str, object], ...]

    def items(self) -> tuple[tuple[str, object], ...]:
        """Return each name with its value."""
        return self.pairs


def genuine() -> Case:
    """Return a delivery that is valid now."""
    signed = SIGNER.sign(make_event(ParticipantLeft, id="event-1"))
    names = (SIGNATURE_HEADER, TIMESTAMP_HEADER)
    return Case(signed.body, tuple((name, signed.headers[name]) for name in names))


def change_body(case: Case, dice: random.Random) -> Case:
    """Flip a bit, or remove, add, repeat or replace some bytes."""
    body = bytearray(case.body or b" ")
    place = dice.randrange(len(body))
    end = place + dice.randint(1, 9)
    match dice.randrange(6):
        case 0:
            body[place] ^= 1 << dice.randrange(8)
        case 1:
            del body[place:end]
        case 2:
            body[place:place] = dice.randbytes(dice.randint(1, 9))
        case 3:
            body[place:place] = body[place:end]
        case 4:
            body += dice.choice([b" ", b"\n", b"\0", b"|", case.body])
        case _:
            body = bytearray(dice.choice([b"", b"{}", b'{"data":{}}', case.body[:place]]))
    return attrs.evolve(case, body=bytes(body))


def change_text(text: str, dice: random.Random) -> object:
    """Change, remove, add or repeat characters of a header, or replace it."""
    place = dice.randrange(len(text) + 1)
    letter = dice.choice("0189AZaz+/=-_ ,|.\t\n\0é\u0661\ud800")
    return dice.choice(
        [
            text[:place] + letter + text[place + 1 :],
            text[:place] + letter + text[place:],
            text[:place] + text[place + 1 :],
            text[:place],
            text + text,
            f"{text}, {text}",
            f" {text}",
            text.swapcase(),
            "",
            None,
            text.encode(errors="replace"),
            [text],
        ]
    )


def change_signature(case: Case, dice: random.Random) -> Case:
    """Send another signature, or another encoding of the same one."""

    def change(text: str) -> object:
        try:
            raw = base64.b64decode(text, validate=True)[:64].ljust(64, b"\0")
        except ValueError:
            return text  # changed before
        s = int.from_bytes(raw[32:], "little")
        unused_bits = chr(ord(text[-3]) + 1) if text else "A"
        other = STRANGER.sign(case.body).headers[SIGNATURE_HEADER]
        return dice.choice(
            [
                base64.urlsafe_b64encode(raw).decode(),
                text[:-3] + unused_bits + text[-2:],
                base64.b64encode(raw[:32] + (s + ORDER).to_bytes(33, "little")[:32]).decode(),
                base64.b64encode(bytes(64)).decode(),
                base64.b64encode(dice.randbytes(64)).decode(),
                base64.b64encode(raw[::-1]).decode(),
                base64.b64encode(raw + b"\0").decode(),
                raw.hex(),
                other,
            ]
        )

    return case.with_header(SIGNATURE_HEADER, change)


def change_time(case: Case, dice: random.Random) -> Case:
    """Send another timestamp, or the same in other digits."""

    def change(text: str) -> object:
        try:
            seconds = int(text)
        except ValueError:
            return text
        return dice.choice(
            [
                str(seconds + dice.choice([-1, 1, -300, 300])),
                str(seconds + dice.choice([-301, 302, -86_400, 86_400, 10**11])),
                f"0{text}",
                f"+{text}",
                f"{text}.0",
                f"{text[:-1]}_{text[-1:]}",
                "".join(chr(0x660 + int(digit)) for digit in str(abs(seconds))),
                hex(seconds),
                "9" * 5000,
                "inf",
                "nan",
            ]
        )

    return case.with_header(TIMESTAMP_HEADER, change)


def change_headers(case: Case, dice: random.Random) -> Case:
    """Remove a header, or send it twice or under another name."""
    headers = list(case.headers) or [("x", "y")]
    place = dice.randrange(len(headers))
    name, value = headers[place]
    match dice.randrange(4):
        case 0:
            del headers[place]
        case 1:
            headers.append((dice.choice([name, name.upper(), name.title()]), value))
        case 2:
            headers[place] = (dice.choice([name.replace("-", "_"), f"{name} ", f"x-{name}"]), value)
        case _:
            headers[place] = (name, change_text(value, dice) if isinstance(value, str) else None)
    return attrs.evolve(case, headers=tuple(headers))


def change_key(case: Case, dice: random.Random) -> Case:
    """Verify with another key."""
    key = dice.choice([OTHER.public_key, base64.b64encode(dice.randbytes(32)).decode()])
    return attrs.evolve(case, key=key)


CHANGES = (change_body, change_signature, change_time, change_headers, change_key)


def mutant_of(case: Case, dice: random.Random) -> Case:
    """Return the case with one to three effective changes."""
    mutant = case
    while mutant.counts() == case.counts():
        for _ in range(dice.choice([1, 1, 2, 3])):
            mutant = dice.choice(CHANGES)(mutant, dice)
    return mutant


def fuzz(mutants: int, seed: int) -> Counter[str]:
    """Receive this many mutants, and count the refusals by the header at fault.

    Raises:
        AssertionError: a mutant was accepted.
        Exception: a mutant crashed the receiver.
    """
    dice = random.Random(seed)
    refusals: Counter[str] = Counter()
    original = genuine()
    for number in range(mutants):
        if number % 1000 == 0:
            original = genuine()
            original.receive()
        mutant = mutant_of(original, dice)
        try:
            mutant.receive()
        except WebhookVerificationError as error:
            refusals[str(error.header)] += 1
        else:
            raise AssertionError(f"accepted: {mutant}")
    return refusals


def main() -> int:
    """Print the refusals; a traceback shows a mutant that was not refused."""
    mutants, seed = [*map(int, sys.argv[1:]), *(MUTANTS, SEED)[len(sys.argv) - 1 :]]
    started = time.perf_counter()
    refusals = fuzz(mutants, seed)
    for header, count in refusals.most_common():
        print(f"refused for {header:26} {count:8,}")
    seconds = time.perf_counter() - started
    print(f"refused of {mutants:,} mutants (seed {seed}) {refusals.total():8,}  in {seconds:.1f} s")
    return 0 if refusals.total() == mutants else 1


if __name__ == "__main__":
    sys.exit(main())
