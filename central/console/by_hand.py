"""How to check an entry with tools that every Linux machine has: no line of machitap is needed to believe one."""

import msgspec

from central.console.proofs import Proof

_SPKI = "302a300506032b6570032100"  # what stands before the 32 bytes of an Ed25519 key in DER (RFC 8410)
_LINES_BEFORE = 2  # a segment's title and header


class Step(msgspec.Struct, frozen=True):
    """A command for a shell, and what it prints if all is well."""

    ja: str
    en: str
    command: str
    prints: str


def steps(proof: Proof, file: str) -> list[Step]:
    """Return the three commands that check an entry in a downloaded segment: its hash, the chain, the signature."""
    seq = int(proof.id.rpartition("/")[2])
    line = seq - proof.first + 1 + _LINES_BEFORE
    return [
        Step(
            "この記録のハッシュを計算する",
            "Compute this entry's hash",
            "{ printf 'machitap/entry/1\\0'\n"
            f"  printf %s {proof.prev} | xxd -r -p\n"
            f"  sed -n {line}p {file} | tr -d '\\n'\n"
            "} | sha256sum",
            f"{proof.hash}  -",
        ),
        Step(
            "署名された最後の記録まで、鎖をたどる",
            "Follow the chain to the signed head",
            f"sed '1,{_LINES_BEFORE}d;$d' {file} | {{\n"
            f'  hash=$(sed -n 2p {file} | sed \'s/.*"prev":"//; s/".*//\')\n'
            "  while IFS= read -r body; do\n"
            "    hash=$({ printf 'machitap/entry/1\\0'\n"
            '      printf %s "$hash" | xxd -r -p\n'
            '      printf %s "$body"; } | sha256sum | cut -c1-64)\n'
            "  done\n"
            '  echo "$hash"\n'
            "}",
            proof.head_hash,
        ),
        Step(
            "署名を、端末の公開鍵で確かめる",
            "Check the signature with the unit's public key",
            f"{{ printf {_SPKI} | xxd -r -p; printf %s {proof.key} | base64 -d; }} > key.der\n"
            f"{{ printf 'machitap/head/1\\0'; printf %s {proof.head_hash} | xxd -r -p; }} > head\n"
            f"tail -n 1 {file} | base64 -d > seal\n"
            "openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in head -sigfile seal",
            "Signature Verified Successfully",
        ),
    ]
