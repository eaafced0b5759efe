"""What a passkey is asked, and whether its answer is to be believed (WebAuthn level 3). Keeps nothing of people.

A passkey signs for one name of the console only, which the browser says and no page: whoever is led to a page that
looks like the console has nothing to give away there.
"""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from central.town import Entropy

RIDDLE_MS: Final = 300_000  # what WebAuthn level 3 recommends (15.1): somebody may have to look for the key
_WHEN_BYTES: Final = 8
_DRAWN_BYTES: Final = 24
_KEY_BYTES: Final = 32
_LOCAL: Final = "localhost"
_VERIFIED: Final = UserVerificationRequirement.REQUIRED
_BAD: Final = (WebAuthnException, ValueError, TypeError, KeyError)


class NotBelievedError(Exception):
    """This answer is none that counts here; the message says why, for a log and for nobody who asked."""


@dataclass(frozen=True)
class Site:
    """Where people reach the console. `name`: what passkeys are bound to; `origin`: what a browser must say."""

    name: str
    origin: str


def site_of(url: str, host: str) -> Site | None:
    """Return the site that a browser is at, by `console_url` and what it called us; None: passkeys cannot work there.

    They need a name: WebAuthn knows no addresses. And a browser offers them only by https, or to this very machine.
    """
    said, called = urlsplit(url or f"http://{host}"), urlsplit(f"//{host}").hostname
    name = said.hostname or ""
    if not name or name != called or _is_address(name) or (said.scheme != "https" and name != _LOCAL):
        return None
    port = f":{said.port}" if said.port not in (None, 443 if said.scheme == "https" else 80) else ""
    return Site(name, f"{said.scheme}://{name}{port}")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


@dataclass
class Riddles:
    """Draws what is to be signed: for one browser, one purpose and a few minutes, and good once.

    Nothing is kept of those that nobody answers, so that asking for many harms nobody.
    """

    entropy: Entropy
    _key: bytes = field(init=False)
    _answered: dict[bytes, int] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._key = self.entropy.bytes(_KEY_BYTES)

    def draw(self, browser: str, purpose: str, now_ms: int) -> bytes:
        begins = (now_ms + RIDDLE_MS).to_bytes(_WHEN_BYTES) + self.entropy.bytes(_DRAWN_BYTES)
        return begins + self._seal(begins, browser, purpose)

    def take(self, riddle: bytes, browser: str, purpose: str, now_ms: int) -> None:
        """Let a riddle be answered, once.

        Raises:
            NotBelievedError: it is not this browser's, not for this, too old, or was answered before.
        """
        begins, sealed = riddle[: _WHEN_BYTES + _DRAWN_BYTES], riddle[_WHEN_BYTES + _DRAWN_BYTES :]
        until_ms = int.from_bytes(begins[:_WHEN_BYTES])
        self._answered = {one: until for one, until in self._answered.items() if until >= now_ms}
        if not browser or not hmac.compare_digest(sealed, self._seal(begins, browser, purpose)):
            raise NotBelievedError("this was not asked of this browser")
        if until_ms < now_ms:
            raise NotBelievedError("this was asked too long ago")
        if riddle in self._answered:
            raise NotBelievedError("this was answered before")
        self._answered[riddle] = until_ms

    def _seal(self, begins: bytes, browser: str, purpose: str) -> bytes:
        return hmac.digest(self._key, begins + f"{purpose} {browser}".encode(), "sha256")


@dataclass(frozen=True)
class Shown:
    """What a passkey shows of itself. `public`: what checks its signatures, where it is new."""

    credential: str
    uses: int
    is_copied: bool
    public: str = ""


def asked_to_be_made(
    site: Site, riddle: bytes, handle: bytes, name: str, shown: str, known: Collection[str]
) -> dict[str, Any]:
    """Return what a browser is asked to make a passkey by; `known`: a device that has one of these makes no other."""
    options = webauthn.generate_registration_options(
        rp_id=site.name,
        rp_name="まちタップ",
        user_id=handle,
        user_name=name,
        user_display_name=shown or name,
        challenge=riddle,
        timeout=RIDDLE_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=_descriptors(known),
    )
    return options_to_json_dict(options)


def asked_to_sign(site: Site, riddle: bytes, known: Collection[str] = ()) -> dict[str, Any]:
    """Return what a browser is asked to sign by; `known`: by one of these; any that it has, if left out."""
    options = webauthn.generate_authentication_options(
        rp_id=site.name,
        challenge=riddle,
        timeout=RIDDLE_MS,
        allow_credentials=_descriptors(known),
        user_verification=_VERIFIED,
    )
    return options_to_json_dict(options)


def riddle_in(answer: Mapping[str, str]) -> bytes:
    """Return which riddle an answer says that it answers.

    Raises:
        NotBelievedError: none.
    """
    try:
        said = parse_client_data_json(webauthn.base64url_to_bytes(answer.get("client", "")))
    except _BAD as error:
        raise NotBelievedError(str(error)) from error
    if said.cross_origin:
        raise NotBelievedError("a page within another asked for it")
    return said.challenge


def made(site: Site, riddle: bytes, answer: Mapping[str, str]) -> Shown:
    """Check a new passkey; who uses it was asked for a finger, a face or a PIN by the device.

    Raises:
        NotBelievedError: it is none, or was made for another site.
    """
    response = {"clientDataJSON": answer.get("client", ""), "attestationObject": answer.get("made", "")}
    try:
        found = webauthn.verify_registration_response(
            credential=_credential(answer, response),
            expected_challenge=riddle,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _BAD as error:
        raise NotBelievedError(str(error)) from error
    public = bytes_to_base64url(found.credential_public_key)
    return Shown(bytes_to_base64url(found.credential_id), found.sign_count, found.credential_backed_up, public)


def signed(site: Site, riddle: bytes, answer: Mapping[str, str], public: str) -> Shown:
    """Check what a passkey has signed.

    Raises:
        NotBelievedError: the signature is not by this passkey, not for this riddle, or not for this site.
    """
    response = {
        "clientDataJSON": answer.get("client", ""),
        "authenticatorData": answer.get("data", ""),
        "signature": answer.get("signature", ""),
    }
    try:
        found = webauthn.verify_authentication_response(
            credential=_credential(answer, response),
            expected_challenge=riddle,
            expected_rp_id=site.name,
            expected_origin=site.origin,
            credential_public_key=webauthn.base64url_to_bytes(public),
            credential_current_sign_count=0,  # whoever asks knows the latest
            require_user_verification=True,
        )
    except _BAD as error:
        raise NotBelievedError(str(error)) from error
    return Shown(bytes_to_base64url(found.credential_id), found.new_sign_count, found.credential_backed_up)


def _credential(answer: Mapping[str, str], response: Mapping[str, str]) -> dict[str, Any]:
    named = answer.get("credential", "")
    return {"id": named, "rawId": named, "type": "public-key", "response": dict(response)}


def _descriptors(known: Collection[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(one)) for one in known]
