"""How a unit is let into a town where nothing reaches the centre: it writes a request, and somebody brings the answer.

The unit keeps what it asked for in `asked.json`: the ticket, and the key that opens the answer. It believes an answer
that the town of its ticket has signed, to the request that it made last, and no other; no clock has a say in it.
"""

from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from appliance import durable
from appliance.config import ENROLMENT_FILE, PUBLIC_FILE, TLS_FOLDER, ConfigError, read_config, read_enrolment
from appliance.enrol import ASKED_FILE, Ticket, asks, own_key, read_ticket
from appliance.uplink.certificate import Tls
from appliance.uplink.joining import coming_life, make_durable, settle, shown
from sync.by_hand import Asked, ByHandError, answer_proof, open_answer, read_answer, request_id, seal_request
from sync.chain import PublicKey
from sync.entries import BAD_JSON
from sync.messages import Admission, Enrolment, MessageError, raw_bytes, text


class Waiting(msgspec.Struct, frozen=True):
    """What a unit keeps between its request and the answer; secret.

    Attributes:
        public: of the journal's key, which asked.
        host_key: of its SSH server, as it was shown.
        key: opens the answer (X25519, raw, base64).
        request: the file that it wrote.
    """

    ticket: Ticket
    public: str
    host_key: str
    key: str
    request: str


def request(folder: Path, raw_ticket: bytes, host_key: Path | None = None) -> bytes:
    """Return the request of the unit in a folder, to be brought to the office; the same for the same ticket.

    Raises:
        ConfigError: the ticket is none, or for another unit, or the folder holds no unit.
        ByHandError: the ticket is of no use by hand.
    """
    ticket = read_ticket(raw_ticket)
    name = read_config(folder).name
    if ticket.unit != name:
        raise ByHandError(
            f"この登録票は {ticket.unit} のものです。ここは {name} です",
            f"this ticket is for {ticket.unit}, and this is {name}",
        )
    try:
        seal, _ = raw_bytes(ticket.seal), PublicKey(raw_bytes(ticket.town_key))
    except (MessageError, ValueError) as error:
        raise ByHandError(
            "この登録票では、手で運ぶ登録はできません。役場で新しいものを: machi central unit add",
            "this ticket is of no use by hand; ask the office for a new one: machi central unit add",
        ) from error
    waiting, host = _waiting(folder), shown(host_key)
    if waiting and (waiting.ticket, waiting.host_key) == (ticket, host):
        return waiting.request.encode()
    journal = own_key(folder, ticket.code)
    tls = Tls(folder / TLS_FOLDER)
    tls.let_go()
    asked = asks(journal, ticket, tls.request(ticket.unit), host)
    key = X25519PrivateKey.generate()
    answer_to = text(key.public_key().public_bytes_raw())
    sealed = seal_request(
        ticket.town, seal, Asked(asked, answer_to, text(journal.sign(answer_proof(asked, answer_to))))
    )
    waiting = Waiting(ticket, asked.key, host, text(key.private_bytes_raw()), sealed.decode())
    durable.write(folder / ASKED_FILE, msgspec.json.encode(waiting))
    make_durable(folder)
    return sealed


def accept(folder: Path, raw: bytes, host_key: Path | None = None) -> Enrolment:
    """Let the unit in a folder in with the answer to its request; said again, nothing more happens.

    Raises:
        ConfigError: the folder holds no unit.
        ByHandError: it is not this unit's answer, or the town did not sign it, or nothing was asked for here.
    """
    waiting = _waiting(folder)
    if waiting is None or _is_let_in(folder, waiting):
        return _let_in_already(folder, raw)
    ticket = waiting.ticket
    admission = read_answer(raw, raw_bytes(ticket.town_key))
    if (admission.town, admission.unit) != (ticket.town, ticket.unit):
        raise _not_ours(admission, ticket.unit)
    if admission.request != request_id(waiting.request.encode()):
        raise ByHandError(
            "これは前の依頼への返事です。いまの依頼の返事を待っています",
            "this answers another request than the last one that was made here; bring the answer to that one",
        )
    enrolment = open_answer(admission, X25519PrivateKey.from_private_bytes(raw_bytes(waiting.key)))
    _check_keys(folder, waiting, enrolment)
    settle(folder, ticket, enrolment, coming_life(folder), host_key)
    return enrolment


def _is_let_in(folder: Path, waiting: Waiting) -> bool:
    """Tell whether what was asked for was given already: it ended before the unit could forget that it had asked."""
    if not (folder / ENROLMENT_FILE).exists():
        return False
    return (folder / PUBLIC_FILE).read_text().strip() == waiting.public


def _let_in_already(folder: Path, raw: bytes) -> Enrolment:
    if not (folder / ENROLMENT_FILE).exists():
        raise ByHandError(
            "ここではまだ何も頼んでいません。先に登録票で依頼を: machi unit request",
            "nothing was asked for here; first write a request with a ticket: machi unit request",
        )
    enrolment = read_enrolment(folder)
    admission = read_answer(raw, raw_bytes(enrolment.town_key))
    if (admission.unit, admission.epoch) != (enrolment.unit, enrolment.epoch):
        raise _not_ours(admission, enrolment.unit)
    return enrolment


def _check_keys(folder: Path, waiting: Waiting, enrolment: Enrolment) -> None:
    """Make sure that what was let in are the keys that lie here, and that the town is the ticket's."""
    ticket = waiting.ticket
    try:
        certified = x509.load_pem_x509_certificate(enrolment.certificate.encode()).public_key()
    except ValueError as error:
        raise ByHandError("返事の証明書が読めません", f"the certificate in it cannot be read: {error}") from error
    csr = x509.load_pem_x509_csr(Tls(folder / TLS_FOLDER).request(ticket.unit).encode())
    journal = text(own_key(folder, ticket.code).public)
    let_in = (certified, waiting.public, enrolment.town_key)
    if let_in != (csr.public_key(), journal, ticket.town_key):
        raise ByHandError(
            "この返事は、いまこの本体にある鍵のものではありません。新しい登録票で、依頼から始めてください",
            "this answer is not for the keys that lie here now; begin again, with a new ticket",
        )


def _not_ours(admission: Admission, unit: str) -> ByHandError:
    return ByHandError(
        f"これは {admission.unit}({admission.epoch} 代目)への返事です。ここは {unit} です",
        f"this answer is for {admission.unit} in life {admission.epoch}, and this is {unit} in another",
    )


def _waiting(folder: Path) -> Waiting | None:
    """Return what was asked for and not answered yet.

    Raises:
        ConfigError: the file is damaged.
    """
    path = folder / ASKED_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Waiting)
    except FileNotFoundError:
        return None
    except (OSError, *BAD_JSON) as error:
        raise ConfigError(f"{path}: {error}; remove it, and begin again with: machi unit request") from error
