"""What is kept of passwords and secrets, and how it is held against what somebody types.

Everything is sealed with keys that come out of the town's signing key, whose signature over the same words is always
the same (RFC 8032): whoever reads the books, or a backup of them, has nothing to try passwords on; and whoever can
write to them makes no account, for the journal is signed.
"""

import base64
import hashlib
import hmac
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync.chain import Signer

PASSWORD_MIN: Final = 12
PASSWORD_MAX: Final = 128
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
_DIFFERENT_MIN: Final = 5

# The second recommendation of RFC 9106, section 4: 64 MiB, three passes. One is worked out at a time.
_MEMORY_KIB: Final = 65_536
_PASSES: Final = 3
_LANES: Final = 4


class Vault:
    """Keeps passwords, secrets and tokens in a form that says nothing."""

    def __init__(self, signer: Signer) -> None:
        root = hashlib.sha256(signer.sign(b"machitap/console-accounts/1\0")).digest()
        self._pepper, self._seal, self._tokens, self._handles = (
            hmac.digest(root, purpose, "sha256") for purpose in (b"password", b"secret", b"token", b"handle")
        )
        self._hasher = PasswordHasher(_PASSES, _MEMORY_KIB, _LANES)

    def keep_password(self, password: str, salt: bytes) -> str:
        return self._hasher.hash(self._peppered(password), salt=salt)

    def fits(self, kept: str, password: str) -> bool:
        """Tell whether a password is the one that was kept; it takes as long if nothing was."""
        try:
            self._hasher.verify(kept or _NOBODYS, self._peppered(password))
        except (VerificationError, InvalidHashError):
            return False
        return bool(kept)

    def seal(self, name: str, secret: bytes, nonce: bytes) -> str:
        """Seal a secret for the account of that name, and no other."""
        return base64.b64encode(nonce + AESGCM(self._seal).encrypt(nonce, secret, name.encode())).decode()

    def unseal(self, name: str, sealed: str) -> bytes:
        """Return a sealed secret; empty, if it is none of this account in this town."""
        raw = base64.b64decode(sealed)
        try:
            return AESGCM(self._seal).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], name.encode())
        except (InvalidTag, ValueError):
            return b""

    def bound(self, token: str) -> str:
        """Return what is kept of a tool's token."""
        return hmac.digest(self._tokens, token.encode(), "sha256").hex()

    def handle(self, name: str) -> bytes:
        """Return what passkeys call an account; whoever reads a device's passkeys sees nothing in it."""
        return hmac.digest(self._handles, name.encode(), "sha256")

    def _peppered(self, password: str) -> bytes:
        return hmac.digest(self._pepper, plain(password).encode(), "sha256")


def plain(typed: str) -> str:
    """Return what was meant, however the keyboard was set: a Japanese one types wide letters and digits, too."""
    return unicodedata.normalize("NFKC", typed)


def is_easy(password: str, name: str) -> bool:
    """Tell whether a password is one that is tried first."""
    meant = plain(password).casefold()
    return len(set(meant)) < _DIFFERENT_MIN or name in meant or meant.isdigit()


# Nobody's: it is checked where there is no account, so that how long an answer takes says nothing.
_NOBODYS: Final = (
    f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}"
    "$bm9ib2R5IG5vYm9keSBub2JvZHk$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
