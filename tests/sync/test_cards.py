"""The pseudonym of a card: the same everywhere in a town, and nothing that two cards could share."""

from sync.cards import pseudonym

KEY = bytes(range(32))


def test_it_is_what_another_program_makes_of_the_description() -> None:
    r"""`printf 'pass\0%s' 0a0b | openssl dgst -sha256 -mac HMAC -macopt hexkey:00…1f`, the first 32 digits."""
    assert pseudonym(KEY, "pass", "0a0b") == "e870fbe67c1eeda35af4567cc7749fcc"


def test_one_number_in_two_applications_is_two_cards() -> None:
    assert pseudonym(KEY, "pass", "0a0b") != pseudonym(KEY, "face", "0a0b")


def test_the_profile_and_the_number_do_not_run_into_each_other() -> None:
    assert pseudonym(KEY, "pass", "10a0b") != pseudonym(KEY, "pass1", "0a0b")


def test_another_town_names_the_same_card_otherwise() -> None:
    assert pseudonym(KEY, "pass", "0a0b") != pseudonym(KEY[::-1], "pass", "0a0b")
