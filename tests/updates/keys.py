"""Keys for bundles as docs/image.md says to make them: an authority that images believe, and a key that signs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_USE = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,codeSigning\n"


@dataclass(frozen=True)
class Keys:
    """Files of a folder: `authority` is laid into images, `certificate` and `key` sign."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "updates-ca.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "updates.pem"

    @property
    def key(self) -> Path:
        return self.folder / "updates.key"


def made(folder: Path, name: str = "Todai updates") -> Keys:
    """Make an authority and a key that it vouches for."""
    folder.mkdir(parents=True)
    keys = Keys(folder)
    own, request, use = folder / "updates-ca.key", folder / "updates.csr", folder / "use"
    use.write_text(_USE)
    _openssl("req", "-x509", *_KEY, "-keyout", own, "-out", keys.authority, "-subj", f"/CN={name}", "-days", "7300")
    _openssl("req", "-new", *_KEY, "-keyout", keys.key, "-out", request, "-subj", "/CN=builder")
    by = ("-CA", keys.authority, "-CAkey", own, "-days", "7300", "-extfile", use)
    _openssl("x509", "-req", "-in", request, *by, "-out", keys.certificate)
    return keys


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
