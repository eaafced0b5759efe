"""What waits: tried again with growing pauses, given up in the end, and never lost in between."""

import itertools

from central.alarms.letters import Letter
from central.alarms.outbox import KEEP_MS, WAIT_MAX_MS, WAITING_MAX, Outbox, Tried, after, due, put

NOW = 1_795_392_000_000
TO = ("hanako@town.example", "webhook")
LETTER = Letter("件名", "本文")


def test_a_letter_waits_for_each_recipient_until_it_is_sent_to_each() -> None:
    outbox = put(Outbox(), "0a", TO, LETTER, NOW)
    first, second = due(outbox, NOW)
    outbox = after(outbox, [Tried(first)], TO, NOW)
    assert (outbox.waiting, outbox.sent_ms) == ((second,), NOW)
    outbox = after(outbox, [Tried(second)], TO, NOW + 5)
    assert outbox == Outbox(sent_ms=NOW + 5)


def test_what_could_not_be_sent_is_tried_again_with_growing_pauses() -> None:
    outbox, now, tried = put(Outbox(), "0a", TO[:1], LETTER, NOW), NOW, list[int]()
    while parcels := [one for one in outbox.waiting if one.to in TO]:
        now = parcels[0].next_ms or now
        assert due(outbox, now - 1) == () or not tried
        assert due(outbox, now) == tuple(parcels)
        tried.append(now)
        outbox = after(outbox, [Tried(parcels[0], "ConnectionRefusedError")], TO, now)
    pauses = [later - before for before, later in itertools.pairwise(tried)]
    assert pauses[:7] == [60_000 * 2**n for n in range(6)] + [WAIT_MAX_MS]
    assert now - NOW > KEEP_MS
    assert [one.error for one in outbox.failed] == ["it was tried for three days"]


def test_an_address_that_does_not_exist_is_given_up_and_the_others_are_not() -> None:
    outbox = put(Outbox(), "0a", TO, LETTER, NOW)
    outbox = after(outbox, [Tried(outbox.waiting[0], "550 no such user", is_final=True)], TO, NOW)
    assert [one.to for one in outbox.waiting] == ["webhook"]
    assert [(one.to, one.error) for one in outbox.failed] == [(TO[0], "550 no such user")]


def test_who_is_no_recipient_any_more_gets_nothing() -> None:
    outbox = after(put(Outbox(), "0a", TO, LETTER, NOW), [], TO[1:], NOW)
    assert [one.to for one in outbox.waiting] == ["webhook"]


def test_of_too_many_the_newest_are_kept() -> None:
    outbox = Outbox()
    for number in range(WAITING_MAX + 3):
        outbox = put(outbox, f"{number:x}", TO[:1], LETTER, NOW + number)
    assert len(outbox.waiting) == WAITING_MAX
    assert outbox.waiting[-1].at_ms == NOW + WAITING_MAX + 2
    assert len(outbox.failed) == 3
