"""The service pass (まちのパス): our reference profile of a town's application in the free area (条例等利用領域).

What the towns of today have put there is agreed between each of them and the card's administration and not public. So
name, file and key reference are configuration, and this is the profile that we ask for when a town may choose.

    SELECT                  00 A4 04 0C 0A F06D6163686974617001          9000
    READ BINARY, SFI 1      00 B0 81 00 00                               the credential (`credential.py`)
    INTERNAL AUTHENTICATE   00 88 00 01 20 <nonce, 32 bytes> 00          r and s, 32 bytes each

- Name: `F0 6D 61 63 68 69 74 61 70 01`: a proprietary name without a registered provider (ISO/IEC 7816-4, 8.2.1.2),
  "machitap", version 1.
- File 0001, short identifier 1: transparent, free to read, written once at issue; filler may follow the credential.
- Key 01: ECDSA on P-256, made in the card, never leaves it, answers without a PIN. The card itself signs SHA-256 of
  "machitap/pass-proof/1", one zero byte, and the nonce, so that it can never be made to sign anything else. The nonce
  has 16 to 255 bytes; readers send 32. A chip without P-256 has an RSA key of 2048 bits instead (RSASSA-PKCS1-v1_5,
  SHA-256); what kind it is stands in the credential.
- Nothing else is in the application: no name, no number, no counter, nothing to write.

Three commands, 58 bytes out (the name of 10 and the nonce of 32 are their data) and about 210 back: identified and
proven. A copy of the file without the key fails at the third command. With an RSA key the credential has about 350
bytes and is read in two pieces: four commands, never more than 700 bytes. A unit to which the card has proven itself
before remembers it (`drivers.card.memory`) and reads its beginning only.

A town may order that the card shows itself to its own terminals only: see `mutual.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from drivers.card import commands, files, paper
from drivers.card.apdu import SHORT_LE_MAX, Status
from drivers.card.channel import Channel
from drivers.card.errors import ForgedCardError, NotReadableError, TerminalRefusedError
from drivers.card.memory import Memory
from drivers.card.proofs import Evidence, message, p256_holds, rsa_holds, spki
from drivers.card.reading import ClosedFileError, read_object, select
from drivers.card.service_pass.credential import KINDS, Credential, from_paper

PROOF_PURPOSE = b"machitap/pass-proof/1"
ALGORITHM, RSA_ALGORITHM = "ecdsa-p256-sha256", "rsa-pkcs1-sha256"
_FIRST_BYTES_MIN = 112  # they hold the card's id, and what follows them in the longest credential fits one answer
DEFAULT_AID = bytes.fromhex("F06D6163686974617001")


@dataclass(frozen=True)
class PassProfile:
    """Where a town's pass lies on the card.

    Fields:
        aid: the application's name, 5 to 16 bytes.
        credential_file: its short file identifier, 1 to 30.
        key_reference: P2 of INTERNAL AUTHENTICATE, one byte.
        terminal_key: P2 of MUTUAL AUTHENTICATE, or None where the card shows itself to anybody.
        first_bytes: how much of the credential is read at first, 112 to 256. Less than 256 pays only where credentials
            are longer, with RSA, and cards come again to a unit that remembers them.
    """

    aid: bytes = DEFAULT_AID
    credential_file: int = 1
    key_reference: int = 1
    terminal_key: int | None = None
    first_bytes: int = SHORT_LE_MAX

    def application(self) -> files.Application:
        """Return it for the allow-list.

        Raises:
            ReservedNameError: this name would reach an application of the state, or a number is out of range.
        """
        if self.first_bytes not in range(_FIRST_BYTES_MIN, SHORT_LE_MAX + 1):
            raise files.ReservedNameError(f"first_bytes: {_FIRST_BYTES_MIN} to {SHORT_LE_MAX}")
        return files.free_area(self.aid, self.credential_file, self.key_reference, self.terminal_key)


def read(channel: Channel, profile: PassProfile, memory: Memory | None = None) -> bytes | None:
    """Select the application and read its credential; None if this card has no pass.

    Raises:
        NotReadableError, TerminalRefusedError: it is there but cannot be read.
    """
    if not select(channel, profile.application()):
        return None
    return read_credential(channel, profile, memory)


def read_credential(channel: Channel, profile: PassProfile, memory: Memory | None = None) -> bytes:
    """Read the credential, with the application selected."""
    known = memory.find if memory else None
    try:
        return read_object(
            channel, profile.credential_file, length=paper.length, first=profile.first_bytes, known=known
        )
    except ClosedFileError as error:
        raise TerminalRefusedError("this pass shows itself to its town's terminals only") from error


def check(data: bytes, issuers: Mapping[str, Ed25519PublicKey], now: datetime | None) -> Credential:
    """Believe a credential or say why not.

    Raises:
        UnknownIssuerError, ForgedCardError, ExpiredCardError, ClockDoubtError, NotReadableError: as they say.
    """
    return from_paper(paper.believe(data, issuers, now, KINDS))


def prove(channel: Channel, profile: PassProfile, credential: Credential, nonce: bytes) -> Evidence:
    """Have the card sign our nonce and check it by the credential's key.

    Raises:
        ForgedCardError: the key did not sign: a copy of somebody's pass.
        NotReadableError: the card did not answer as it should.
    """
    response = channel.exchange(commands.internal_authenticate(profile.key_reference, nonce))
    if response.sw != Status.OK:
        raise NotReadableError(f"the card answered {response.sw:04X} when it should sign")
    return believed_answer(credential, message(PROOF_PURPOSE, nonce), response.data)


def believed_answer(credential: Credential, signed: bytes, signature: bytes) -> Evidence:
    """Check what the card has signed by the credential's key.

    Raises:
        ForgedCardError: the key did not sign: a copy of somebody's pass.
    """
    key = credential.key
    is_rsa = isinstance(key, RSAPublicKey)
    holds = rsa_holds(key, signature, signed) if isinstance(key, RSAPublicKey) else p256_holds(key, signature, signed)
    if not holds:
        raise ForgedCardError("this card does not hold the key of the pass that it shows")
    return Evidence(RSA_ALGORITHM if is_rsa else ALGORITHM, spki(key), signed, signature)
