#!/usr/bin/env python3
"""Check a draw of the town from what it has published (docs/lottery.md), without any code of machitap.

    python3 docs/verify_draw.py FOLDER [--previous TRANSCRIPT.json] [--proof PROOF.json]

FOLDER holds rules.json, tickets.csv, frozen.json and transcript.json. Everything is computed anew: the root of the
list, the seed, and who has won. --previous: the transcript of the draw before, to check that none was thrown away
between. --proof: what the desk gave for one ticket. Exit code 0: all of it is right. 1: something is not, and what. 3:
cannot be read.

Needs Python 3.11 and nothing else. The signature of the randomness it checks only where the package
`py_arkworks_bls12381` is at hand, and says so where it is not: then compare it with what drand publishes.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"  # drand's quicknet
NAMES = ("rules.json", LIST := "tickets.csv", "frozen.json", "transcript.json")
GENESIS, PERIOD, APART = 1_692_803_367, 3, 3600
KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
LINE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9-]{0,31}(\.[0-9]{4})?,[0-9a-f]{32}")


class WrongError(Exception):
    """The first thing that is not right."""


def main(arguments):
    options = {}
    while len(arguments) >= 3 and arguments[-2] in ("--previous", "--proof"):
        *arguments, name, value = arguments
        options[name] = value
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 3
    try:
        found = {name: (Path(arguments[0]) / name).read_bytes() for name in NAMES}
        rules, _, frozen, transcript = (json.loads(found[name]) if name != LIST else None for name in NAMES)
        previous = Path(options["--previous"]).read_bytes() if "--previous" in options else None
        proof = json.loads(Path(options["--proof"]).read_bytes()) if "--proof" in options else None
    except (OSError, ValueError) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 3
    try:
        check(found, rules, frozen, transcript)
        if previous is not None:
            same(transcript["previous"], sha256(previous), "the draw before this one")
        if proof is not None:
            check_proof(proof, frozen)
    except WrongError as error:
        print(f"WRONG / 合いません: {error}")
        return 1
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        print(f"WRONG / 合いません: a document is not of the published form: {error!r}")
        return 1
    tell(transcript, proof)
    return 0


def tell(transcript, proof):
    print(f"right / 合っています: {transcript['draw']}")
    print(f"seed: {transcript['seed']}")
    for winner in transcript["winners"]:
        print(f"{winner['place']} {winner['prize_ja']}: {winner['ticket']}")
    if proof:
        print(f"in the list / 名簿にあります: {proof['proof']['line']}")
    if checks_signatures():
        print(f"the signature of round {transcript['round']} is the network's / 署名も確かめました")
    else:
        print(
            f"NOT CHECKED: the signature of round {transcript['round']}; compare it with what drand publishes, or"
            " install py-arkworks-bls12381 / 署名だけは確かめていません"
        )


def check(found, rules, frozen, transcript):
    """Check everything, from the rules to the winners."""
    rule = rules["rules"]
    for name, document in (("frozen.json", frozen), ("transcript.json", transcript)):
        same(document["draw"], rule["draw"], f"the draw that {name} is about")
        same(document["rules_sha256"], sha256(found["rules.json"]), f"the rules that {name} names")
    same(transcript["frozen_sha256"], sha256(found["frozen.json"]), "the frozen list that the transcript names")
    same(rule["algorithm"], "townpass-draw-v1", "the algorithm")
    same(transcript["algorithm"], rule["algorithm"], "the algorithm of the transcript")
    lines = check_list(found["tickets.csv"], rule, frozen)
    for name in ("list_sha256", "root"):
        same(transcript[name], frozen[name], f"{name} of the transcript")
    check_randomness(rule, transcript)
    seed = hashlib.sha256(
        b"townpass-draw-v1\0" + rule["draw"].encode() + b"\0" + bytes.fromhex(frozen["root"] + transcript["randomness"])
    )
    same(transcript["seed"], seed.hexdigest(), "the seed")
    check_winners(rule, transcript, lines, seed.digest())


def check_list(raw, rule, frozen):
    """Check the list and its root; return its lines."""
    if not raw.endswith(b"\n"):
        raise WrongError("tickets.csv does not end with a newline")
    lines = raw[:-1].split(b"\n")
    held = {}
    for at, line in enumerate(lines, 1):
        if not LINE.fullmatch(line):
            raise WrongError(f"line {at} of tickets.csv is no ticket")
        if at > 1 and line <= lines[at - 2]:
            raise WrongError(f"line {at} of tickets.csv is not in order, or there twice")
        held[line.split(b",")[1]] = held.get(line.split(b",")[1], 0) + 1
    numbers = {line.split(b",")[0] for line in lines}
    same(len(numbers), len(lines), "the number of different tickets")
    same(frozen["tickets"], len(lines), "the number of tickets")
    same(frozen["people"], len(held), "the number of people")
    if max(held.values()) > rule["cap"]:
        raise WrongError("somebody has more tickets than the rules allow")
    same(frozen["list_sha256"], sha256(raw), "the digest of the list")
    same(frozen["root"], root(lines).hex(), "the root of the list")
    return lines


def check_randomness(rule, transcript):
    """Check that the randomness is that of the round which the rules had named before."""
    same(rule["chain"], CHAIN, "the chain of the rules")
    for name in ("chain", "round"):
        same(transcript[name], rule[name], f"the {name} of the transcript")
    if GENESIS + (rule["round"] - 1) * PERIOD < rule["close_at"] + APART:
        raise WrongError("the round comes less than an hour after the closing")
    signature = bytes.fromhex(transcript["signature"])
    same(transcript["randomness"], sha256(signature), "the randomness")
    if checks_signatures() and not is_signed(rule["round"], signature):
        raise WrongError(f"the network has not signed round {rule['round']} so")


def check_winners(rule, transcript, lines, seed):
    """Draw again: one ticket a person, prizes first, then the alternates."""
    prizes = [prize for prize in rule["prizes"] for _ in range(prize["count"])]
    drawn, people = [], set()
    for index in order(len(lines), seed):
        if len(drawn) == len(prizes) + rule["alternates"]:
            break
        ticket, tag = lines[index].split(b",")
        if tag not in people:
            people.add(tag)
            drawn.append(ticket.decode())
    winners = [
        {"place": place, "prize_ja": prize["ja"], "prize_en": prize["en"], "ticket": ticket}
        for place, (prize, ticket) in enumerate(zip(prizes, drawn, strict=False), 1)
    ]
    same(transcript["winners"], winners, "the winners")
    same(transcript["alternates"], drawn[len(prizes) :], "the alternates")


def order(count, seed):
    """Go through all tickets in the order in which they are drawn: a Fisher-Yates shuffle."""
    stream, places = numbers(seed), list(range(count))
    for at in range(count):
        limit = count - at
        bits = (limit - 1).bit_length() or 1
        size = (bits + 7) // 8
        value = limit
        while value >= limit:  # thrown again, so that no ticket is favoured
            value = int.from_bytes(bytes(next(stream) for _ in range(size)), "big") & ((1 << bits) - 1)
        places[at], places[at + value] = places[at + value], places[at]
        yield places[at]


def numbers(seed):
    counter = 0
    while True:
        yield from hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()
        counter += 1


def root(lines):
    """Return the root of the tree over all lines, as in RFC 6962."""
    level = [hashlib.sha256(b"\0" + line).digest() for line in lines]
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [hashlib.sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
    return level[0]


def check_proof(document, frozen):
    """Check that one ticket stands in the list whose root is published."""
    same(document["draw"], frozen["draw"], "the draw of the proof")
    same(document["root"], frozen["root"], "the root of the proof")
    proof = document["proof"]
    same(proof["tickets"], frozen["tickets"], "the number of tickets of the proof")
    found = hashlib.sha256(b"\0" + proof["line"].encode()).digest()
    at, size, path = proof["index"], proof["tickets"], [bytes.fromhex(one) for one in proof["path"]]
    while size > 1:
        if at ^ 1 < size:
            other = path.pop(0) if path else b""
            found = hashlib.sha256(b"\1" + (other + found if at % 2 else found + other)).digest()
        at, size = at // 2, (size + 1) // 2
    same((found.hex(), path, at), (frozen["root"], [], 0), "the proof of this ticket")


def is_signed(number, signature):
    """Check a round of quicknet: BLS on BLS12-381, signatures in G1, hashed to the curve as in RFC 9380."""
    hashed = G1Point.hash_to_curve(hashlib.sha256(number.to_bytes(8, "big")).digest(), DOMAIN)
    try:
        signed = G1Point.from_compressed_bytes(signature)
    except ValueError:
        return False
    return GT.pairing_check([signed, -hashed], [G2Point(), G2Point.from_compressed_bytes(bytes.fromhex(KEY))])


def checks_signatures():
    return GT is not None


def same(one, other, what):
    if one != other:
        raise WrongError(f"{what} is {one}; it should be {other}")


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


try:
    from py_arkworks_bls12381 import GT, G1Point, G2Point
except ImportError:
    GT = None

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
