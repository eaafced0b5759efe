"""電子署名: the signing key, at a desk, with the holder's password: sign a document, and say who signed.

The password is shown to the card only after the token has said that it is a My Number Card, and never twice. The
certificate, with name and address, can be read only then. Afterwards the card is made to forget the password.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from drivers.card import files, jpki, pins
from drivers.card.channel import Channel
from drivers.card.errors import ForgedCardError, NotReadableError, OtherCardError, PinFormatError
from drivers.card.files import Use
from drivers.card.jpki import certificates, crl
from drivers.card.jpki.certificates import Purpose
from drivers.card.jpki.holder import Holder, holder
from drivers.card.proofs import rsa_holds
from drivers.card.reading import read_object
from drivers.card.trust import Trust
from drivers.card.validity import JAPAN


@dataclass(frozen=True)
class Signed:
    """A document's signature (RSASSA-PKCS1-v1_5 with SHA-256), with what is needed to check it again.

    Fields:
        certificate: DER; it names the holder, so keep it as personal data.
        holder: who that is.
        expires: the certificate's last day, in Japan.
        revocation: what the revocation list said; None: no list of this authority is held.
    """

    signature: bytes
    certificate: bytes = field(repr=False)
    holder: Holder
    expires: date
    revocation: crl.Revocation | None


def sign(
    channel: Channel,
    password: str,
    document: bytes,
    trust: Trust,
    now: datetime | None,
    *,
    spend_last_try: bool = False,
) -> Signed:
    """Have the holder's signing key sign a document.

    Args:
        channel: a desk's (`allowed=files.DESK`).
        password: as the holder typed it; letters count as capitals.
        document: the bytes themselves; their SHA-256 is signed.
        trust: whom to believe.
        now: with its zone, or None where nothing vouches for the clock.
        spend_last_try: a person has said that the last try may be spent.

    Raises:
        OtherCardError, PinFormatError, PinWrongError, PinLastTryError, PinBlockedError, ForgedCardError,
        UnknownIssuerError, ExpiredCardError, RevokedCardError, ClockDoubtError, NotReadableError: as they say.
    """
    secret = password.upper()
    if not Use.PASSWORD.takes(secret.encode()):
        raise PinFormatError("a password of 6 to 16 letters and digits, at least one of each,")
    _expect_card(channel)
    with pins.shown(channel, files.SIGN_PASSWORD, secret, spend_last_try=spend_last_try, until=files.JPKI):
        der = read_object(channel, files.SIGN_CERTIFICATE)
        certificate = certificates.load(der)
        believed = certificates.believe(certificate, trust.sign_authorities, now, trust.sign_policies, Purpose.SIGNING)
        revocation = crl.check(certificate, believed.authority, trust.revocation_lists, now)
        who = holder(certificate)
        signature = jpki.sign(channel, document, files.SIGN_KEY)
    if not rsa_holds(believed.key, signature, document):
        raise ForgedCardError("this card does not hold the key of the certificate that it shows")
    expires = certificate.not_valid_after_utc.astimezone(JAPAN).date()
    return Signed(signature, der, who, expires, revocation)


def _expect_card(channel: Channel) -> None:
    if not jpki.present(channel) or jpki.token(channel) is not jpki.Token.CARD:
        raise OtherCardError
    has_signing, _ = jpki.certificates_present(channel)
    if not has_signing:
        raise NotReadableError("this card has no signing certificate; the municipal office can issue one")
