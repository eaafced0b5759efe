"""From a card in front of a reader to who it is and what it has proven, or to the one reason why not."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from drivers.card import common, face, files, jpki, service_pass, u2f
from drivers.card.channel import Channel, Exchange
from drivers.card.errors import (
    CardError,
    ForgedCardError,
    NotReadableError,
    OtherCardError,
    StaleCodeError,
    TurnedBackError,
    UnknownCardError,
    UnknownIssuerError,
)
from drivers.card.jpki import certificates, crl
from drivers.card.jpki.certificates import Purpose
from drivers.card.paper import Kind
from drivers.card.presented import Fresh, Presented, Proof
from drivers.card.proofs import NONCE_BYTES_MIN, Evidence, fingerprint, message, rsa_holds, spki
from drivers.card.reading import ClosedFileError, MissingFileError, select
from drivers.card.service_pass import mutual
from drivers.card.tokens import code, phone, printed, sun, uid
from drivers.card.trust import Trust
from drivers.card.validity import JAPAN, check_days
from drivers.reader import Field, ReaderError

_STORAGE = {"felica": "transit", "type_a": "tag"}  # what such a tag is called where nobody takes it


def _once(_identifier: str, _value: int) -> int:
    return 1


def identify(
    field: Field,
    nonce: bytes,
    trust: Trust,
    now: datetime | None,
    pin: str | None = None,
    *,
    spend_last_try: bool = False,
    steps: Callable[[str, int], int] = _once,
    mono: Callable[[], float] = time.monotonic,
    trace: Callable[[Exchange], None] | None = None,
) -> Presented:
    """Identify a card by the first of the town's profiles that it has, with as few commands as that takes.

    Certificates are held against the lists of revoked ones that `trust` has. A pass or an enrolled card that was
    stopped by the town is the caller's knowledge.

    Args:
        field: the card, just laid down.
        nonce: 16 to 64 fresh bytes that nobody could have guessed; 32 are usual. Never the same twice.
        trust: whom to believe.
        now: the time with its zone, or None where nothing vouches for the clock.
        pin: four digits that the holder has just typed. Only the authentication certificate's key wants one, so with
            a PIN it is tried first. A card that turns out to be anything else is never sent it.
        spend_last_try: a person has said that the PIN's last try may be spent.
        steps: how often a card with a counter of its own is to raise it, by its identifier and where that stands
            after the first time.
        mono: a monotonic clock in seconds.
        trace: called after every APDU.

    Raises:
        CardError: one of `drivers.card.errors`, whichever way it failed.
        ValueError: the nonce is too short, or `now` has no zone: a bug of the caller's.
    """
    if now is not None and now.tzinfo is None:
        raise ValueError("a time without its zone")
    if len(nonce) < NONCE_BYTES_MIN:
        raise ValueError(f"a nonce has {NONCE_BYTES_MIN} bytes or more")
    channel = Channel(field, trust.pass_profile.application(), mono=mono, trace=trace)
    walk = _Walk(channel, nonce, trust, now, pin, spend_last_try, steps)
    try:
        return walk.present()
    except ReaderError as error:
        raise NotReadableError(str(error) or type(error).__name__) from error


def identify_code(text: str, trust: Trust, now: datetime | None) -> Presented:
    """Identify a printed code or a phone's, as a scanner has read it.

    A number that the town has stopped is the caller's knowledge, as with cards.

    Raises:
        CardError: one of `drivers.card.errors`.
        ValueError: `now` has no zone: a bug of the caller's.
    """
    if now is not None and now.tzinfo is None:
        raise ValueError("a time without its zone")
    data = code.from_text(text)
    if data[:1] == bytes((Kind.PHONE,)):
        return phone.check(data, trust.pass_issuers, now, trust.last_counter)
    return printed.check(data, trust.pass_issuers, now)


class _Walk:
    """One walk through the profiles; it remembers what was learned on the way."""

    def __init__(
        self,
        channel: Channel,
        nonce: bytes,
        trust: Trust,
        now: datetime | None,
        pin: str | None,
        last_try: bool,
        steps: Callable[[str, int], int],
    ) -> None:
        self._channel = channel
        self._nonce = nonce
        self._trust = trust
        self._now = now
        self._pin = pin
        self._last_try = last_try
        self._steps = steps
        self._index: str | None = None
        self._is_my_number_card = False
        self._has_jpki: bool | None = None  # not asked yet

    def present(self) -> Presented:
        ways = {
            "pass": self._by_pass,
            "face": self._by_face,
            "jpki": self._by_jpki,
            "u2f": self._by_counter,
            "sun": self._by_sun,
        }
        storage = uid.standard(self._channel.atr)
        if storage:
            return self._by_number(storage)
        order = self._trust.order
        if self._pin is not None and "jpki" in order:
            order = ("jpki", *(profile for profile in order if profile != "jpki"))
        stranger: UnknownIssuerError | None = None
        for profile in order:
            try:
                found = self._by_number_of_a_chip(profile) if profile in _STORAGE else ways[profile]()
            except UnknownIssuerError as error:  # another town's pass: the card may still be known here by another way
                stranger = stranger or error
                continue
            if found:
                return found
        if stranger:
            raise stranger
        raise self._not_known()

    def _by_pass(self) -> Presented | None:
        profile, memory, terminal = self._trust.pass_profile, self._trust.memory, self._trust.terminal
        if not select(self._channel, profile.application()):
            return None
        answer = mutual.authenticate(self._channel, profile, terminal, self._nonce) if terminal else None
        data = service_pass.read_credential(self._channel, profile, memory)
        credential = service_pass.check(data, self._trust.pass_issuers, self._now)
        if answer:
            evidence = service_pass.believed_answer(credential, answer.signed, answer.signature)
        else:
            evidence = service_pass.prove(self._channel, profile, credential, self._nonce)
        if memory:
            memory.remember(data, profile.first_bytes)
        return self._presented(
            "pass", credential.card_id.hex(), Proof.CARD, evidence, issuer=credential.issuer, expires=credential.ends
        )

    def _by_face(self) -> Presented | None:
        record = common.read(self._channel)
        if record is None:
            return None
        self._is_my_number_card = True
        self._index = record.index
        key = self._trust.face_key(record.index)
        if key is None or not select(self._channel, files.FACE):
            return None
        check_days("card", None, record.expires, self._now)
        evidence = face.prove(self._channel, self._nonce, key)
        return self._presented("face", fingerprint(key), Proof.CARD, evidence, expires=record.expires)

    def _by_jpki(self) -> Presented | None:
        self._has_jpki = jpki.present(self._channel)
        if not self._has_jpki:
            return None
        if self._pin is None and not self._trust.allow_certificate_only:
            self._expect_card()
            return None
        der = self._certificate()
        certificate = certificates.load(der)
        believed = certificates.believe(
            certificate, self._trust.jpki_authorities, self._now, self._trust.jpki_policies, Purpose.AUTHENTICATION
        )
        revocation = crl.check(certificate, believed.authority, self._trust.revocation_lists, self._now)
        key = believed.key
        public_key, expires = spki(key), certificate.not_valid_after_utc.astimezone(JAPAN).date()
        if self._pin is None:
            return self._presented("jpki", fingerprint(public_key), Proof.NONE, expires=expires, revocation=revocation)
        signed = message(jpki.PROOF_PURPOSE, self._nonce)
        with jpki.pin_shown(self._channel, self._pin, spend_last_try=self._last_try):
            signature = jpki.sign(self._channel, signed)
        if not rsa_holds(key, signature, signed):
            raise ForgedCardError("this card does not hold the key of the certificate that it shows")
        if self._trust.memory:
            self._trust.memory.remember(der, jpki.BEGINNING_BYTES)
        evidence = Evidence(face.ALGORITHM, public_key, signed, signature)
        return self._presented(
            "jpki", fingerprint(public_key), Proof.PIN, evidence, expires=expires, revocation=revocation
        )

    def _by_counter(self) -> Presented | None:
        """A card that is not enrolled is asked for nothing: another town's counter is not ours to raise."""
        index = uid.of_a_chip(self._channel)
        enrolled = self._trust.counter_key(index) if index else None
        if enrolled is None or not u2f.select(self._channel):
            return None
        identifier = fingerprint(enrolled.key)
        last = self._trust.last_counter(identifier)

        def times(value: int) -> int:
            if last is not None and value <= last:
                raise TurnedBackError("this card has counted further before")
            return self._steps(identifier, value)

        steps = u2f.raised(self._channel, enrolled, self._nonce, times)
        first = steps[0]
        signed = u2f.message(first, u2f.challenge(self._nonce, 0))
        evidence = Evidence(u2f.ALGORITHM, enrolled.key, signed, first.signature)
        counted = {"counter": steps[-1].value, "steps": steps}
        return self._presented("u2f", identifier, Proof.CARD, evidence, **counted)

    def _by_sun(self) -> Presented | None:
        profile = self._trust.sun
        text = sun.read(self._channel)
        if text is None or profile is None:
            return None
        said = sun.check(text, profile)
        identifier = said.uid.hex()
        last = self._trust.last_counter(identifier)
        if last is not None and said.counter <= last:
            raise StaleCodeError("this reading of the tag was shown before")
        return self._presented("sun", identifier, Proof.TOKEN, fresh=Fresh.COUNTER, counter=said.counter)

    def _by_number(self, profile: str) -> Presented:
        """A storage tag: it has a number, and knows no commands of ours."""
        number = uid.read(self._channel, profile) if profile in self._trust.order else None
        if number is None:
            raise OtherCardError(_STORAGE[profile])
        return self._presented(profile, number, Proof.NONE)

    def _by_number_of_a_chip(self, profile: str) -> Presented | None:
        number = uid.read(self._channel, profile)
        return self._presented(profile, number, Proof.NONE) if number else None

    def _certificate(self) -> bytes:
        """Read the certificate, and see to it before its end that this is a My Number Card."""
        try:
            return jpki.certificate(self._channel, self._known_certificate)
        except (ClosedFileError, MissingFileError):  # as on a phone, and on an old card
            self._expect_card()
            raise

    def _known_certificate(self, beginning: bytes) -> bytes | None:
        """Return the certificate of a card that has proven itself here before; else ask the card what it is.

        A card that is known need not be asked: something else that shows the same beginning could say anything.
        """
        found = self._trust.memory.find(beginning) if self._trust.memory else None
        if found is None:
            self._expect_card()
        self._is_my_number_card = True
        return found

    def _expect_card(self) -> None:
        """Refuse what has the application but is no My Number Card, before anything else is asked of it."""
        kind = jpki.token(self._channel)
        if kind is jpki.Token.OLD_CARD:
            raise OtherCardError("old_card")
        if kind in {jpki.Token.ANDROID, jpki.Token.IPHONE}:
            raise OtherCardError("phone")
        if kind is not jpki.Token.CARD:
            raise OtherCardError
        self._is_my_number_card = True

    def _not_known(self) -> CardError:
        """Say what kind of card it is that nobody here knows."""
        if not self._is_my_number_card:
            if self._has_jpki is False or not jpki.present(self._channel):
                return OtherCardError(self._kind())
            self._expect_card()
        return UnknownCardError(self._index)

    def _kind(self) -> str:
        """Name a card by the one application that it has; nothing is asked of it."""
        named = (*files.OTHERS, files.TAG)
        return next((each.name for each in named if select(self._channel, each)), "other")

    def _presented(
        self, profile: str, identifier: str, proof: Proof, evidence: Evidence | None = None, **more: Any
    ) -> Presented:
        fresh = Fresh.NONCE if evidence else Fresh.COPY
        said: dict[str, Any] = {"time_checked": self._now is not None, "fresh": fresh} | more
        return Presented(profile, identifier, proof, evidence, **said)
