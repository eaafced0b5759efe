"""A real mail server and a real receiver of webhooks, on this machine; both can be away, slow or unwilling."""

import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from central.authority import Authority
from tests.ports import free_port

USER, PASSWORD = "machitap", "very secret 9"
UNKNOWN, BUSY = "nobody@town.example", "busy@town.example"


@dataclass
class Trust:
    """An authority of this test, and what its servers and its clients need."""

    folder: Path
    server: ssl.SSLContext = field(init=False)
    client: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        key, pem = Authority.create("post", datetime.now(UTC))
        authority = Authority(key, pem)
        private, certificate = authority.server(("localhost",), datetime.now(UTC))
        self.ca = self.folder / "post-ca.pem"
        self.ca.write_bytes(pem)
        both = self.folder / "post.pem"
        both.write_bytes(private + certificate)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(both)
        self.client = ssl.create_default_context(cadata=pem.decode())


@dataclass
class Office:
    """What the mail server does: it takes mail, or says why not."""

    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    is_secret: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: Any, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == UNKNOWN:
            return "550 5.1.1 no such user"
        if address == BUSY:
            return "450 4.2.1 come back later"
        self.is_secret.append(session.ssl is not None)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        raw = envelope.content
        assert isinstance(raw, bytes)
        mail = message_from_bytes(raw, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def knows(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, shown: Any) -> AuthResult:
        assert isinstance(shown, LoginPassword)
        self.logins.append(shown.login.decode())
        is_right = (shown.login.decode(), shown.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=is_right, handled=False)


@contextmanager
def mail_server(trust: Trust, port: int = 0, *, is_asking: bool = True) -> Iterator[tuple[int, Office]]:
    """Serve mail with STARTTLS; `is_asking`: for a password."""
    office, port = Office(), port or free_port()
    serving = Controller(
        office,
        hostname="127.0.0.1",
        port=port,
        tls_context=trust.server,
        require_starttls=True,
        authenticator=office.knows,
        auth_required=is_asking,
    )
    serving.start()
    try:
        yield port, office
    finally:
        serving.stop()


@dataclass
class Hook:
    """What was posted, and what is answered."""

    url: str
    posted: list[dict[str, Any]] = field(default_factory=list)
    answer: int = 204


@contextmanager
def webhook() -> Iterator[Hook]:
    """Take what is posted."""
    hook = Hook(f"http://127.0.0.1:{free_port()}/hook?secret=hidden-in-the-address")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.posted.append(json.loads(body))
            self.send_response(hook.answer)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    port = int(hook.url.split(":")[2].split("/")[0])
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield hook
        finally:
            server.shutdown()
            thread.join()
