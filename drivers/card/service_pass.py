"""The service pass (まちのパス): our reference profile of a town's application in the free area (条例等利用領域).

What the towns of today have put there is agreed between each of them and the card's administration and not public. So
name, file and key reference are configuration, and this is the profile that we ask for when a town may choose.

    SELECT                  00 A4 04 0C 0A F06D6163686974617001          9000
    READ BINARY, SFI 1      00 B0 81 00 00                               the credential (drivers/card/credential.py)
    INTERNAL AUTHENTICATE   00 88 00 01 20 <nonce, 32 bytes> 00          r and s, 32 bytes each

- Name: `F0 6D 61 63 68 69 74 61 70 01`: a proprietary name without a registered provider (ISO/IEC 7816-4, 8.2.1.2),
  "machitap", version 1.
- File 0001, short identifier 1: transparent, free to read, written once at issue; filler may follow the credential.
- Key 01: ECDSA on P-256, made in the card, never leaves it, answers without a PIN. The card itself signs SHA-256 of
  "machitap/pass-proof/1", one zero byte, and the nonce, so that it can never be made to sign anything else. The nonce
  has 16 to 255 bytes; readers send 32.
- Nothing else is in the application: no name, no number, no counter, nothing to write.

Three commands, 38 bytes of them data, and about 300 bytes back: identified and proven. A copy of the file without the
key fails at the third command.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drivers.card import commands, files
from drivers.card.apdu import Status
from drivers.card.channel import Channel
from drivers.card.credential import Credential, parse
from drivers.card.errors import ForgedCardError, NotReadableError, UnknownIssuerError
from drivers.card.proofs import Evidence, message, p256_holds, spki
from drivers.card.reading import read_object, select
from drivers.card.validity import check_days

PROOF_PURPOSE = b"machitap/pass-proof/1"
ALGORITHM = "ecdsa-p256-sha256"
DEFAULT_AID = bytes.fromhex("F06D6163686974617001")


@dataclass(frozen=True)
class PassProfile:
    """Where a town's pass lies on the card.

    Fields:
        aid: the application's name, 5 to 16 bytes.
        credential_file: its short file identifier, 1 to 30.
        key_reference: P2 of INTERNAL AUTHENTICATE, one byte.
    """

    aid: bytes = DEFAULT_AID
    credential_file: int = 1
    key_reference: int = 1

    def application(self) -> files.Application:
        """Return it for the allow-list.

        Raises:
            ReservedNameError: this name would reach an application of the state.
        """
        return files.free_area(self.aid, self.credential_file, self.key_reference)


def read(channel: Channel, profile: PassProfile) -> bytes | None:
    """Select the application and read its credential; None if this card has no pass.

    Raises:
        NotReadableError: it is there but cannot be read.
    """
    if not select(channel, profile.application()):
        return None
    return read_object(channel, profile.credential_file)


def check(data: bytes, issuers: Mapping[str, Ed25519PublicKey], now: datetime | None) -> Credential:
    """Believe a credential or say why not.

    Raises:
        UnknownIssuerError, ForgedCardError, ExpiredCardError, ClockDoubtError, NotReadableError: as they say.
    """
    credential, signed, signature = parse(data)
    issuer = issuers.get(credential.issuer)
    if issuer is None:
        raise UnknownIssuerError(f"this pass was issued by {credential.issuer}, whom we do not know")
    try:
        issuer.verify(signature, signed)
    except InvalidSignature as error:
        raise ForgedCardError(f"{credential.issuer} did not sign this pass") from error
    check_days("pass", credential.begins, credential.ends, now)
    return credential


def prove(channel: Channel, profile: PassProfile, credential: Credential, nonce: bytes) -> Evidence:
    """Have the card sign our nonce and check it by the credential's key.

    Raises:
        ForgedCardError: the key did not sign: a copy of somebody's pass.
        NotReadableError: the card did not answer as it should.
    """
    response = channel.exchange(commands.internal_authenticate(profile.key_reference, nonce))
    if response.sw != Status.OK:
        raise NotReadableError(f"the card answered {response.sw:04X} when it should sign")
    signed = message(PROOF_PURPOSE, nonce)
    if not p256_holds(credential.key, response.data, signed):
        raise ForgedCardError("this card does not hold the key of the pass that it shows")
    return Evidence(ALGORITHM, spki(credential.key), signed, response.data)
