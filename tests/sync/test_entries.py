"""An entry has one spelling, and every other is refused."""

import json
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from programs.visits.entries import Touch
from sync import facts
from sync.entries import BODY_MAX_BYTES, INT_MAX, Entry, EntryError, EntryId, Fact, Register, Unread, encode

REGISTER = facts.register((Touch,))
BOOT = "9f3c0a1b22d4e5f6"
TOUCH = Entry("lib01", BOOT, 2, 1_795_392_000_000, Touch(card="0a" * 16, place="library", day=20_780, proof="card"))
GOLDEN = (
    b'{"kind":"visits.touch","unit":"lib01","boot":"9f3c0a1b22d4e5f6","seq":2,"at":1795392000000,'
    b'"card":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","place":"library","day":20780,"proof":"card"}'
)
STRANGE = b'{"kind":"rides.ride","unit":"bus01","boot":"9f3c0a1b22d4e5f6","seq":3,"at":-5,"stops":[1,{"name":null}]}'


def test_bytes_are_for_ever() -> None:
    assert encode(TOUCH) == GOLDEN
    assert REGISTER.decode(GOLDEN) == TOUCH


def test_default_values_are_left_out() -> None:
    town = Entry("town", BOOT, 1, 0, facts.Town("灯台町", "Todai", "00-0000", 540))
    assert b"pass_issuers" not in encode(town)
    assert REGISTER.decode(encode(town)) == town


def test_unknown_kinds_are_carried_unread() -> None:
    entry = REGISTER.decode(STRANGE)
    assert isinstance(entry.fact, Unread)
    assert (entry.fact.name, entry.unit, entry.seq, entry.at) == ("rides.ride", "bus01", 3, -5)
    assert encode(entry) == STRANGE


@pytest.mark.parametrize(
    "body",
    [
        GOLDEN.replace(b'"seq":2', b'"seq":02'),
        GOLDEN.replace(b'"seq":2', b'"seq": 2'),
        GOLDEN.replace(b'"seq":2', b'"seq":0'),
        GOLDEN.replace(b'"day":20780', b'"day":20780.0'),
        GOLDEN.replace(b'"at":1795392000000', b'"at":1795392000000.5'),
        GOLDEN.replace(b'"at":1795392000000', b'"at":1e3'),
        GOLDEN.replace(b'"at":1795392000000', b'"at":-0'),
        GOLDEN.replace(b'"at":1795392000000', b'"at":99999999999999999'),
        GOLDEN.replace(b'"proof":"card"', b'"proof":"card","extra":1'),
        GOLDEN.replace(b'"proof":"card"', b'"proof":"c\\u0061rd"'),
        GOLDEN.replace(b'"day":20780,"proof":"card"', b'"proof":"card","day":20780'),
        GOLDEN.replace(b'"day":20780', b'"day":20780,"day":20781'),
        GOLDEN.replace(b'"kind":"visits.touch","unit":"lib01"', b'"unit":"lib01","kind":"visits.touch"'),
        GOLDEN.replace(b'"lib01"', b'"LIB 01"'),
        GOLDEN.replace(b"9f3c0a1b22d4e5f6", b"9F3C0A1B22D4E5F6"),
        GOLDEN + b" ",
        GOLDEN[:-1],
        b"\xef\xbb\xbf" + GOLDEN,
        STRANGE.replace(b"null", b"1.5"),
        STRANGE.replace(b"null", str(INT_MAX + 1).encode()),
        STRANGE.replace(b'"stops"', b'"stops":0,"stops"'),
        STRANGE.replace(b"[1,", b"[" * 3000),
        b"[]",
        b"null",
        b"",
    ],
)
def test_other_spellings_are_refused(body: bytes) -> None:
    with pytest.raises(EntryError):
        REGISTER.decode(body)


def test_a_body_has_a_limit() -> None:
    long = GOLDEN.replace(b"library", b"x" * BODY_MAX_BYTES)
    with pytest.raises(EntryError, match=str(BODY_MAX_BYTES)):
        REGISTER.decode(long)


def test_an_entry_must_be_the_one_that_is_asked_for() -> None:
    assert REGISTER.decode_at("lib01", BOOT, 2, GOLDEN) == TOUCH
    for place in (("lib02", BOOT, 2), ("lib01", "0" * 16, 2), ("lib01", BOOT, 3)):
        with pytest.raises(EntryError):
            REGISTER.decode_at(*place, GOLDEN)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        entry = REGISTER.decode(body)
    except EntryError:
        return
    assert encode(entry) == body


values = st.recursive(
    st.none() | st.booleans() | st.integers(-INT_MAX, INT_MAX) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_lowercase, min_size=1), inner),
    max_leaves=8,
)
names = st.text(string.ascii_lowercase, min_size=1, max_size=8).filter(
    lambda name: name not in ("kind", "unit", "boot", "seq", "at")
)


@given(st.dictionaries(names, values, max_size=5), st.integers(1, INT_MAX), st.integers(-INT_MAX, INT_MAX))
def test_whatever_a_later_program_writes_is_carried(fields: dict[str, object], seq: int, at: int) -> None:
    place = {"kind": "later.thing", "unit": "lib01", "boot": BOOT, "seq": seq, "at": at}
    body = msgspec.json.encode(place | fields)
    assert encode(REGISTER.decode(body)) == body
    assert json.loads(body)["seq"] == seq


def test_facts_may_not_hide_the_envelope() -> None:
    class Bad(Fact, frozen=True, tag="bad"):
        seq: int

    with pytest.raises(ValueError, match="seq"):
        Register([Bad])


def test_two_facts_may_not_share_a_name() -> None:
    class Other(Fact, frozen=True, tag="visits.touch"):
        card: str

    with pytest.raises(ValueError, match=r"visits\.touch"):
        Register([Touch, Other])


def test_ids_are_text_and_back() -> None:
    place = EntryId("lib01", BOOT, 7)
    assert EntryId.parse(str(place)) == place
    for text in ("", "lib01", "lib01/x/1", f"lib01/{BOOT}/0", f"lib01/{BOOT}/1/2", f"LIB/{BOOT}/1"):
        with pytest.raises(EntryError):
            EntryId.parse(text)
