#!/usr/bin/env python3
"""Check a unit's journal from the published format alone (docs/journal-format.md), without any code of machitap.

    python3 docs/verify_journal.py JOURNAL.db UNIT.pub

JOURNAL.db is a journal, or a copy of one (the running daemon locks its own: `machi unit export` makes a copy). UNIT.pub
holds the unit's Ed25519 public key in base64. Every entry, every signature and the head are checked. Exit code 0:
whole. 1: broken, and the first break is named. 3: wrong usage, or a file that cannot be read.

Needs Python 3.11 and nothing else; with the package `cryptography` it is a hundred times faster.
"""

import base64
import hashlib
import json
import sqlite3
import sys
from pathlib import Path

ORIGIN = bytes(32)


class BreakError(Exception):
    """The first thing that is wrong, and where."""


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 3
    try:
        public = base64.b64decode(Path(arguments[1]).read_text().strip(), validate=True)
        rows, head = read(Path(arguments[0]))
    except (OSError, ValueError, sqlite3.OperationalError) as error:
        print(f"cannot be read: {error}; of a running unit, check a copy: machi unit export", file=sys.stderr)
        return 3
    except sqlite3.DatabaseError as error:
        print(f"BROKEN: the file itself is damaged: {error}")
        return 1
    counts = {"entries": 0, "boots": 0, "signed heads": 0, "declared as lost": 0}
    try:
        last = walk(rows, head, public, counts)
    except BreakError as error:
        print(f"BROKEN: {error}")
        return 1
    for name, count in counts.items():
        print(f"{name}: {count}")
    print(f"last head: {last}")
    return 0


def read(path):
    """Return the rows of `entry`, by boot and number, and the head row (or None)."""
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    rows = {}
    for boot, seq, body, entry_hash, sig in database.execute("SELECT boot, seq, body, hash, sig FROM entry"):
        rows.setdefault(boot, {})[seq] = (body.encode(), entry_hash, sig)
    head = database.execute("SELECT boot, seq, hash, sig FROM head").fetchone()
    return rows, head


def walk(rows, head, public, counts):
    """Check everything; return the last head as text."""
    gaps = declared_gaps(rows)
    for boot in sorted(rows):
        check_boot(boot, rows, gaps, public, counts)
    counts["declared as lost"] = sum(gap["last"] - gap["first"] + 1 for gap in gaps)
    if head is None:
        if rows:
            raise BreakError("there are entries, but no head")
        return "none"
    boot, seq, entry_hash, sig = head
    if rows.get(boot, {}).get(seq, (None, None))[1] != entry_hash or max(rows[boot]) != seq:
        raise BreakError(f"the head names entry {boot}/{seq}, which is not the last one there")
    for other in sorted(rows):
        after = json.loads(rows[other][1][0])["after"] if 1 in rows[other] else None
        if after and (after["boot"], after["seq"]) == (boot, seq):
            raise BreakError(f"the head names entry {boot}/{seq}, behind which boot {other} goes on")
    check_signature(public, entry_hash, sig, f"the head, entry {boot}/{seq}")
    return f"{boot}/{seq} {entry_hash.hex()}"


def declared_gaps(rows):
    """Return what the journal itself declares as lost, in its `gap` entries."""
    bodies = [body for entries in rows.values() for body, _, _ in entries.values()]
    return [json.loads(body) for body in bodies if body.startswith(b'{"kind":"gap",')]


def check_boot(boot, rows, gaps, public, counts):
    """Check the entries of one boot, one after the other."""
    before, sealed = 0, True
    prev = None
    for seq in sorted(rows[boot]):
        body, entry_hash, sig = rows[boot][seq]
        if seq != before + 1:
            if not sealed:  # nothing behind the hole covers the entries before it
                raise BreakError(f"entry {boot}/{before}, the last before a hole, is not signed")
            prev = across(boot, before + 1, seq, gaps)
        if seq == 1:
            counts["boots"] += 1
            prev = what_it_continues(boot, body, rows, gaps, public)
        check_form(boot, seq, body)
        prev = hashlib.sha256(b"machitap/entry/1\0" + prev + body).digest()
        if prev != entry_hash:
            raise BreakError(f"entry {boot}/{seq} does not hash to what stands beside it")
        if sig is not None:
            check_signature(public, entry_hash, sig, f"entry {boot}/{seq}")
            counts["signed heads"] += 1
        before, sealed = seq, sig is not None
        counts["entries"] += 1
    if not sealed:
        raise BreakError(f"entry {boot}/{before}, the last of its boot, is not signed")


def what_it_continues(boot, body, rows, gaps, public):
    """Check a boot entry, and return the hash that its boot goes on from."""
    entry = json.loads(body)
    if entry.get("kind") != "boot":
        raise BreakError(f"entry {boot}/1 is not a boot entry")
    if base64.b64decode(entry["key"]["public"]) != public:
        raise BreakError(f"entry {boot}/1 names another key")
    after = entry["after"]
    if after is None:
        return ORIGIN
    held = rows.get(after["boot"], {}).get(after["seq"])
    lost = [gap["prev"] for gap in gaps if (gap["of"], gap["last"]) == (after["boot"], after["seq"])]
    if after["hash"] not in ([held[1].hex()] if held else lost):
        raise BreakError(f"entry {boot}/1 goes on from {after['boot']}/{after['seq']}, which is not there")
    return bytes.fromhex(after["hash"])


def across(boot, first, here, gaps):
    """Return the hash behind a hole, if the journal declares the hole."""
    for gap in gaps:
        if (gap["of"], gap["first"], gap["last"]) == (boot, first, here - 1) and gap["prev"]:
            return bytes.fromhex(gap["prev"])
    raise BreakError(f"entry {boot}/{first} is missing")


def check_form(boot, seq, body):
    """Check that an entry says which one it is, first of all and in the fixed order."""
    try:
        entry = json.loads(body)
        names, place = list(entry)[:5], (entry["boot"], entry["seq"])
    except (ValueError, KeyError, TypeError) as error:
        raise BreakError(f"entry {boot}/{seq} cannot be read: {error}") from error
    if names != ["kind", "unit", "boot", "seq", "at"] or place != (boot, seq) or b"\n" in body:
        raise BreakError(f"entry {boot}/{seq} is not in format 1")


def check_signature(public, entry_hash, signature, where):
    if not verify(public, b"machitap/head/1\0" + entry_hash, signature):
        raise BreakError(f"the signature at {where} is not by this unit's key")


# Ed25519 as in RFC 8032, section 5.1; used where the package `cryptography` is not at hand.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(one, other):
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, d = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def decode_point(raw):
    """Return a point, or None if these bytes are none."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or y >= P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def verify_slowly(public, message, signature):
    key, r, s = decode_point(public), decode_point(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or key is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    x1, y1, z1, _ = multiply(s, BASE)
    x2, y2, z2, _ = add(r, multiply(h, key))
    return (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0


def verify_quickly(public, message, signature):
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    verify = verify_quickly
except ImportError:
    verify = verify_slowly

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
