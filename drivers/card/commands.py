"""The few commands that we ever send to a card (ISO/IEC 7816-4 and 7816-8; JIS X 6320-4), as functions with names.

The card is always addressed in the same way: applications by their full name, files by identifier or short identifier,
secrets and keys by short identifier or as "the current file". The gate knows these forms and no others.
"""

from drivers.card.apdu import SHORT_LE_MAX, Command, Ins

BY_NAME, BY_FILE_ID = 0x04, 0x02  # P1 of SELECT
NO_ANSWER = 0x0C  # P2 of SELECT: no control information wanted
BY_SHORT_ID = 0x80  # P1 of READ BINARY; the low five bits are the identifier
SHORT_ID_BITS = 0x1F
RECORD_BY_NUMBER = 0x04  # P2 of READ RECORD; the high five bits are the identifier
RECORD_BITS = 0x07
CURRENT = 0x80  # P2 of VERIFY, and of the signature: the current file; with a short identifier in it, that file
OWN_KEY = 0x00  # P2 of the signature: the key that the application has by itself
PROPRIETARY = 0x80  # CLA of this card's signature command
READER = 0xFF  # CLA of what the reader answers itself (PC/SC part 3, 3.2.2)
CHALLENGE_BYTES = 16
PRESENCE_ASKED, PRESENCE_NOT_ASKED = 0x03, 0x08  # P1 of U2F AUTHENTICATE


def select_application(aid: bytes) -> Command:
    return Command(0, Ins.SELECT, BY_NAME, NO_ANSWER, aid)


def select_saying(aid: bytes) -> Command:
    """Select an application that says in its answer what it is (FIDO U2F NFC protocol, 5)."""
    return Command(0, Ins.SELECT, BY_NAME, 0, aid, le=SHORT_LE_MAX)


def select_file(file: int) -> Command:
    return Command(0, Ins.SELECT, BY_FILE_ID, NO_ANSWER, file.to_bytes(2, "big"))


def read_file(file: int, length: int, offset: int = 0) -> Command:
    """Read a file by its short identifier, from an offset (0 to 255), and make it the current one."""
    return Command(0, Ins.READ_BINARY, BY_SHORT_ID | file, offset, le=length)


def read_on(offset: int, length: int) -> Command:
    """Read the current file from an offset (0 to 32,767)."""
    return Command(0, Ins.READ_BINARY, offset >> 8, offset & 0xFF, le=length)


def read_record(file: int, record: int) -> Command:
    return Command(0, Ins.READ_RECORD, record, file << 3 | RECORD_BY_NUMBER, le=SHORT_LE_MAX)


def ask_tries(reference: int) -> Command:
    """Ask how many tries are left: a VERIFY without a secret spends none (ISO/IEC 7816-4, 11.5.6)."""
    return Command(0, Ins.VERIFY, 0, reference)


def verify(secret: str, reference: int) -> Command:
    return Command(0, Ins.VERIFY, 0, reference, secret.encode("ascii"))


def sign(digest_info: bytes, *, key: int) -> Command:
    """Have a key sign, `CURRENT` or `OWN_KEY`: this card's COMPUTE DIGITAL SIGNATURE."""
    return Command(PROPRIETARY, Ins.PERFORM_SECURITY_OPERATION, 0, key, digest_info, le=SHORT_LE_MAX)


def internal_authenticate(key_reference: int, nonce: bytes) -> Command:
    return Command(0, Ins.INTERNAL_AUTHENTICATE, 0, key_reference, nonce, le=SHORT_LE_MAX)


def get_response(length: int) -> Command:
    return Command(0, Ins.GET_RESPONSE, 0, 0, le=length)


def get_challenge() -> Command:
    """Ask the card for a nonce of its own (ISO/IEC 7816-4, 11.5.3)."""
    return Command(0, Ins.GET_CHALLENGE, 0, 0, le=CHALLENGE_BYTES)


def mutual_authenticate(key_reference: int, proof: bytes) -> Command:
    """Prove the terminal to the card, and the card to the terminal, in one (ISO/IEC 7816-4, 11.5.4)."""
    return Command(0, Ins.MUTUAL_AUTHENTICATE, 0, key_reference, proof, le=SHORT_LE_MAX)


def u2f_register(challenge: bytes, application: bytes) -> Command:
    """Have a card make a key pair for an application (FIDO U2F raw messages, 4.1)."""
    return Command(0, Ins.U2F_REGISTER, 0, 0, challenge + application, le=SHORT_LE_MAX)


def u2f_authenticate(challenge: bytes, application: bytes, handle: bytes, asked: int) -> Command:
    """Have a key sign a challenge and the card's counter, which rises by it (the same, 5.1).

    `asked`: `PRESENCE_ASKED` or `PRESENCE_NOT_ASKED`.
    """
    data = challenge + application + bytes((len(handle),)) + handle
    return Command(0, Ins.U2F_AUTHENTICATE, asked, 0, data, le=SHORT_LE_MAX)


def get_data(tag: int) -> Command:
    return Command(0, Ins.GET_DATA, tag >> 8, tag & 0xFF, le=SHORT_LE_MAX)


def get_uid() -> Command:
    """Ask the reader for the number by which the card answered in the air: UID, or IDm (PC/SC part 3, 3.2.2.1.3)."""
    return Command(READER, Ins.GET_DATA, 0, 0, le=SHORT_LE_MAX)
