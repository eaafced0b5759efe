"""What a unit gives back when it is asked to, and that nothing else moves its rights."""

from sync.entries import Entry, Fact
from sync.rights import Grant, Recall, Returned, give_back

MONEY = "coin/" + "0a" * 16
OTHER = "coin/" + "0b" * 16


def heard(*facts: Fact) -> list[Entry]:
    return [Entry("to-shop01", "9f3c0a1b22d4e5f6", seq, 0, fact) for seq, fact in enumerate(facts, 1)]


def answers(*facts: Fact, there: int = 1600) -> list[Returned]:
    return give_back(heard(*facts), "shop01", 2, lambda _what: there)


def test_as_much_as_is_asked_for() -> None:
    assert answers(Recall("shop01", 2, MONEY, 900)) == [Returned(2, MONEY, 900)]


def test_no_more_than_is_there() -> None:
    assert answers(Recall("shop01", 2, MONEY, 2000)) == [Returned(2, MONEY, 1600)]
    assert answers(Recall("shop01", 2, MONEY, 900), there=0) == []
    assert answers(Recall("shop01", 2, MONEY, 900), there=-300) == [], "what the town granted may still be on its way"


def test_what_was_given_back_already_is_not_given_back_again() -> None:
    twice = answers(Recall("shop01", 2, MONEY, 900), Recall("shop01", 2, MONEY, 900))
    assert twice == [Returned(2, MONEY, 900), Returned(2, MONEY, 700)]


def test_what_arrives_in_between_counts() -> None:
    both = answers(Grant("shop01", 2, MONEY, 500), Recall("shop01", 2, MONEY, 5000))
    assert both == [Returned(2, MONEY, 2100)]


def test_what_is_said_to_others_or_to_an_earlier_life_is_not_ours() -> None:
    assert answers(Recall("bus01", 2, MONEY, 900), Recall("shop01", 1, MONEY, 900)) == []
    assert answers(Grant("shop01", 1, MONEY, 500), Recall("shop01", 2, MONEY, 5000)) == [Returned(2, MONEY, 1600)]


def test_each_thing_is_counted_for_itself() -> None:
    both = answers(Recall("shop01", 2, MONEY, 5000), Recall("shop01", 2, OTHER, 100))
    assert both == [Returned(2, MONEY, 1600), Returned(2, OTHER, 100)]
