"""Who wins follows from the list and the randomness alone; the test vector here can be computed by anybody."""

import hashlib
import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programs.lottery import lists
from programs.lottery.drawing import below, draw, order, seed_of
from programs.lottery.entries import Tickets

VECTOR = [f"T{number:05d}".encode() for number in range(1, 1001)]
RANDOMNESS = bytes.fromhex("3439d92d58e47d342131d446a3abe264396dd264717897af30525c98408c834f")


def test_the_published_vector_reproduces() -> None:
    root = hashlib.sha256(lists.text(VECTOR)).digest()
    assert root.hex() == "3b6ff5e6be8852809d5745292790d123a9189cc712b633b0ba2b1e304b29a1e0"
    seed = seed_of("2026-spring", root, RANDOMNESS)
    assert seed.hex() == "59e847caa95d16c5fab11ac3e3ac1bf2561c58dedc101d014f88f7cebc3a7447"
    assert draw(VECTOR, seed, 5, 0).winners == ("T00933", "T00007", "T00365", "T00321", "T00193")


@given(count=st.integers(1, 300), seed=st.binary(min_size=32, max_size=32))
@settings(max_examples=60, deadline=None)
def test_it_is_a_whole_shuffle_of_the_list(count: int, seed: bytes) -> None:
    number, places = below(seed), list(range(count))
    for at in range(count):
        other = at + number(count - at)
        places[at], places[other] = places[other], places[at]
    assert list(order(count, seed)) == places


def test_no_ticket_is_favoured() -> None:
    """Of three tickets each is first as often: `mod 3` of two bits would give the first one half of the draws."""
    first = Counter(next(order(3, hashlib.sha256(str(n).encode()).digest())) for n in range(3_000))
    assert all(900 < count < 1_100 for count in first.values()), first


@given(counts=st.lists(st.integers(1, 5), min_size=1, max_size=12), seed=st.binary(min_size=32, max_size=32))
@settings(max_examples=60, deadline=None)
def test_nobody_wins_twice_and_everybody_can(counts: list[int], seed: bytes) -> None:
    tickets = [Tickets("spring", f"D{at}", f"paper-{at}", count) for at, count in enumerate(counts)]
    listed = lists.lines(tickets, b"key")
    assert len(listed) == sum(counts)
    outcome = draw(listed, seed, 4, 100)
    found = [*outcome.winners, *outcome.alternates]
    assert len(outcome.winners) == min(4, len(counts))
    assert sorted(number.split(".")[0] for number in found) == sorted(one.ref for one in tickets)


def test_a_list_says_who_has_several_tickets_and_not_who_that_is() -> None:
    tickets = [
        Tickets("spring", "B", "paper-1", 2),
        Tickets("spring", "A", "paper-1", 1),
        Tickets("spring", "C", "x", 1),
    ]
    listed = lists.lines(tickets, b"key")
    assert [lists.ticket(line) for line in listed] == ["A", "B.0001", "B.0002", "C"]
    assert lists.people(listed) == 2
    assert b"paper" not in lists.text(listed)
    assert lists.lines(tickets, b"other key")[0] != listed[0]


@pytest.mark.parametrize("size", [*range(1, 18), 100])
def test_each_ticket_is_proven_and_no_other(size: int) -> None:
    listed = VECTOR[:size]
    root = lists.root(listed)
    for index in range(size):
        proof = lists.prove(listed, index)
        assert lists.proven(proof) == root
        for wrong in (
            lists.Proof("T99999", index, size, proof.path),
            lists.Proof(proof.line, index + size, size, proof.path),
            lists.Proof(proof.line, index, size, (*proof.path, "00" * 32)),
            lists.Proof(proof.line, index, size, proof.path[1:]) if proof.path else lists.Proof("", 0, 1, ()),
        ):
            assert lists.proven(wrong) != root


def test_another_list_has_another_root() -> None:
    swapped = [VECTOR[1], VECTOR[0], *VECTOR[2:7]]
    roots = [lists.root(one) for one in (VECTOR[:7], VECTOR[:8], swapped, [], [b"".join(VECTOR[:7])])]
    assert all(one != other for one, other in itertools.combinations(roots, 2))
