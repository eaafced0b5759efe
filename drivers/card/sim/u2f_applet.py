"""A card with a counter of its own, as FIDO U2F raw messages have it: a key for each application, one counter for all.

The counter rises with every signature and is never set back: not by power, not by a card that is torn away when it has
signed and nobody hears of it. What the standard leaves open can be chosen: by how much it rises, and whether the card
signs again without being taken away.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.card import files
from drivers.card.apdu import Command, Ins, Status
from drivers.card.commands import PRESENCE_ASKED, PRESENCE_NOT_ASKED
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.layout import Application, StatusError

ATR = bytes.fromhex("3B80800101")
_VERSION = b"U2F_V2"
_DIGEST_BYTES = 32
_HANDLE_BYTES = 64
_CHECK_ONLY = 0x07
_PRESENT = 0x01
_KEY_BYTES = 31


@dataclass
class Counter:
    """The counter in a card: it outlives the power; a copy of the card has its own. `rise`: by how much at a time."""

    value: int = 0
    rise: int = 1

    def raised(self) -> int:
        self.value += self.rise
        return self.value


@dataclass(frozen=True)
class Chip:
    """What is in such a card, besides its counter.

    Fields:
        secret: from which its keys are made.
        certificate: its maker's, DER. `attest`: signs by that certificate's key.
        once: it signs, and makes a key, only once each time that it is held to a reader.
        presence: somebody is taken to be there; False: it waits for a button that nobody presses.
    """

    secret: bytes
    certificate: bytes = b""
    attest: Callable[[bytes], bytes] | None = None
    once: bool = False
    presence: bool = True


def key_of(chip: Chip, parameter: bytes) -> EllipticCurvePrivateKey:
    """Return the key that a chip has for an application."""
    noise = hashlib.sha256(b"virtual u2f key" + chip.secret + parameter).digest()
    return derive_private_key(int.from_bytes(noise[:_KEY_BYTES], "big") + 1, SECP256R1())


def handle_of(chip: Chip, parameter: bytes) -> bytes:
    """Return by what the chip finds that key again: nobody else can make it, and it says nothing of the card."""
    return hashlib.sha512(b"virtual u2f handle" + chip.secret + parameter).digest()


def build(chip: Chip, counter: Counter, number: bytes) -> IsoCard:
    """Return the card. `number`: with which it answers in the air."""
    applet = _Applet(chip, counter)
    own: dict[int, Callable[[Command], bytes]] = {
        Ins.U2F_REGISTER: applet.register,
        Ins.U2F_AUTHENTICATE: applet.authenticate,
    }
    application = Application("u2f", files.U2F.aid, says=_VERSION, own=own, powered=applet.power_on)
    card = IsoCard(ATR, [application], dice=bytes)
    card.number = number
    return card


class _Applet:
    def __init__(self, chip: Chip, counter: Counter) -> None:
        self._chip = chip
        self._counter = counter
        self._is_fresh = True

    def power_on(self) -> None:
        self._is_fresh = True

    def register(self, command: Command) -> bytes:
        if len(command.data) != 2 * _DIGEST_BYTES:
            raise StatusError(Status.WRONG_LENGTH)
        if self._chip.attest is None:
            raise StatusError(Status.INSTRUCTION_UNKNOWN)
        self._use_presence()
        asked, parameter = command.data[:_DIGEST_BYTES], command.data[_DIGEST_BYTES:]
        handle = handle_of(self._chip, parameter)
        public = key_of(self._chip, parameter).public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        signature = self._chip.attest(b"\0" + parameter + asked + handle + point)
        self._is_fresh = not self._chip.once
        return b"\x05" + point + bytes((len(handle),)) + handle + self._chip.certificate + signature

    def authenticate(self, command: Command) -> bytes:
        data = command.data
        asked, parameter = data[:_DIGEST_BYTES], data[_DIGEST_BYTES : 2 * _DIGEST_BYTES]
        length, handle = data[2 * _DIGEST_BYTES : 2 * _DIGEST_BYTES + 1], data[2 * _DIGEST_BYTES + 1 :]
        if length != bytes((len(handle),)):
            raise StatusError(Status.WRONG_LENGTH)
        if command.p1 not in {PRESENCE_ASKED, _CHECK_ONLY, PRESENCE_NOT_ASKED}:
            raise StatusError(Status.WRONG_P1P2)
        if command.p1 == PRESENCE_NOT_ASKED and not self._chip.presence:
            raise StatusError(Status.WRONG_P1P2)  # as a card of before 1.2
        if handle != handle_of(self._chip, parameter):
            raise StatusError(Status.WRONG_DATA)
        if command.p1 == _CHECK_ONLY:
            raise StatusError(Status.CONDITIONS_NOT_MET)
        if command.p1 == PRESENCE_ASKED or self._chip.once:
            self._use_presence()
            self._is_fresh = False
        said = bytes((_PRESENT if command.p1 == PRESENCE_ASKED else 0,)) + self._counter.raised().to_bytes(4, "big")
        key = key_of(self._chip, parameter)
        return said + key.sign(parameter + said + asked, ECDSA(SHA256(), deterministic_signing=True))

    def _use_presence(self) -> None:
        """Whoever holds a card there is taken to be there, once."""
        if not self._chip.presence or not self._is_fresh:
            raise StatusError(Status.CONDITIONS_NOT_MET)
