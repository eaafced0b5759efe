"""The virtual card against what is known of the real one: commands in hexadecimal, answers in hexadecimal.

Rows marked "assumed" follow the standard where nobody has published what the real card says.
"""

import pytest

from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Quirk
from drivers.card.sim.pki import TestPki
from drivers.card.sim.plan import Fault, Kind, Plan

JPKI = "00A4040C0AD392F000260100000001"
FACE = "00A4040C0AD3921000310001010402"
ENTRY = "00A4040C0AD3921000310001010408"
COMMON = "00A4040C0AD3921000310001010100"
MANAGER = "00A4040C07A0000001510000"
TOWN = "00A4040C0AF06D6163686974617001"
CODE = "002000920E" + b"60040120940000".hex()
CODE_OF_ENTRY = "002000950E" + b"60040120940000".hex()
DIGEST = "3031300D060960864801650304020105000420" + "11" * 32


def say(card: IsoCard, *apdus: str) -> str:
    """Send commands; return the last answer: its data's length if there is any, and the status."""
    answer = b""
    for apdu in apdus:
        answer = card.transmit(bytes.fromhex(apdu))
    return (f"{len(answer) - 2}:" if len(answer) > 2 else "") + answer[-2:].hex().upper()


@pytest.mark.parametrize(
    ("apdus", "answer"),
    [
        ([JPKI], "9000"),
        (["00A4040C0AD392F000260100000002"], "6A82"),
        (["00A4040C04D392F000"], "6700"),
        (["00A4040E0AD392F000260100000001"], "6A86"),
        (["00A4040C09D392F0002601000000"], "9000"),  # a part of a name is enough
        (["00A40000"], "6A86"),  # fresh from power-up
        ([JPKI, "00A40000"], "9000"),
        ([JPKI, "00A4000C023F00"], "6A82"),
        (["00A4020C020006"], "6A82"),  # no application
        ([JPKI, "00A4020C020006"], "9000"),
        ([JPKI, "00A4020C027777"], "6A82"),
        ([JPKI, "00A4020C0106"], "6700"),
        ([JPKI, "00B0000020"], "6986"),
        ([JPKI, "00A4020C020006", "00B0000020"], "32:9000"),
        ([JPKI, "00B0860020"], "32:9000"),
        ([JPKI, "00B0860000"], "160:9000"),
        ([JPKI, "00B08600000100"], "160:9000"),  # extended Le
        ([JPKI, "00B0860020", "00B0009000"], "16:9000"),  # fewer than asked at the end
        ([JPKI, "00B0860020", "00B000A000"], "6B00"),  # past the end
        ([JPKI, "00B0880003"], "3:9000"),
        ([JPKI, "00B0810000"], "6982"),  # signing certificate: its password first
        ([JPKI, "00B0890010"], "6982"),  # assumed
        ([JPKI, "00A4020C020018", "00B0000004"], "6981"),  # a PIN is no file of bytes
        ([JPKI, "00200080"], "6986"),  # assumed
        ([JPKI, "00A4020C020006", "00200080"], "6981"),
        ([JPKI, "00A4020C020018", "00200080"], "63C3"),
        ([JPKI, "00200098"], "63C3"),
        ([JPKI, "0020009B"], "63C5"),
        ([JPKI, "002000980431323334"], "9000"),
        ([JPKI, "0020009804" + "39" * 4], "63C2"),
        ([JPKI, "00A4020C020017", "802A008033" + DIGEST + "00"], "6982"),  # no PIN
        ([JPKI, "002000980431323334", "00A4020C020017", "802A008033" + DIGEST + "00"], "256:9000"),
        ([JPKI, "002000980431323334", "802A009733" + DIGEST + "00"], "256:9000"),
        ([JPKI, "002000980431323334", "802A009A33" + DIGEST + "00"], "6982"),  # the other key has its own password
        ([JPKI, "00A4020C020006", "802A008033" + DIGEST + "00"], "6985"),
        ([JPKI, "802A060033" + DIGEST + "00"], "6A86"),
        ([JPKI, "802A000033" + DIGEST + "00"], "6985"),  # no key of its own
        ([JPKI, "002A008033" + DIGEST + "00"], "6D00"),
        ([FACE, "802A000033" + DIGEST + "00"], "256:9000"),  # no secret at all
        ([FACE, "00B0840000"], "256:9000"),
        ([FACE, "00B0810000"], "6982"),
        ([FACE, "0020009106" + b"600401".hex(), "00B0810000"], "256:9000"),
        ([FACE, "0020009106" + b"600401".hex(), "00B0850000"], "6982"),  # the birthday does not open the number
        ([FACE, "0020009107" + b"6004012".hex()], "63C2"),
        ([FACE, CODE, "00B0820000"], "256:9000"),
        ([FACE, CODE, "00B0850000"], "6982"),  # 照合番号B does not open the number's picture
        ([FACE, "00B0830000"], "256:9000"),  # basic information is free
        ([ENTRY, "00B0820000"], "6982"),
        ([ENTRY, CODE_OF_ENTRY, "00B0820000"], "97:9000"),
        ([ENTRY, CODE_OF_ENTRY, "00B0830000", "00B0010000"], "80:9000"),  # 336 in all
        ([ENTRY, CODE_OF_ENTRY, "00B0870000"], "256:9000"),
        ([ENTRY, CODE_OF_ENTRY, "00B0810000"], "6982"),  # nor the number
        ([ENTRY, "00B0840000"], "256:9000"),
        ([ENTRY, "00B0850000"], "164:9000"),
        ([ENTRY, "00B0880010"], "6982"),  # assumed
        ([ENTRY, "802A000033" + DIGEST + "00"], "256:9000"),
        ([FACE, "802A010033" + DIGEST + "00"], "256:9000"),  # the card hashes
        ([FACE, "802A020020" + "11" * 32 + "00"], "256:9000"),  # the card writes the DigestInfo
        ([FACE, "802A020021" + "11" * 33 + "00"], "6985"),
        ([FACE, "802A030033" + DIGEST + "00"], "256:9000"),
        ([FACE, "802A050033" + DIGEST + "00"], "6985"),  # PSS is not made here
        ([JPKI, "80A206C102" + "0000"], "6982"),
        ([ENTRY, "80AE000002" + "0000"], "6982"),
        ([COMMON, "80AE000002" + "0000"], "66F1"),
        ([FACE, "80AE000002" + "0000"], "66F1"),
        (["00CA00F800"], "6700"),  # longer than a short answer
        (["00CA00F8000000"], "568:9000"),
        (["00CA004500"], "20:9000"),
        ([TOWN, "0084000010", "0082000204" + "00000000" + "00"], "6985"),  # this pass asks nobody
        (["FFCA000000"], "4:9000"),  # the reader's own answer
        ([ENTRY, "00200092"], "63C0"),  # always blocked
        ([ENTRY, "002000920431323334"], "6984"),
        ([ENTRY, "002000940C" + b"999999999990".hex(), "00B0820000"], "6982"),  # A does not open the attributes
        ([COMMON, "00B2010C00"], "30:9000"),
        ([COMMON, "00A4020C020001", "00B2010400"], "30:9000"),
        ([COMMON, "00B2020C00"], "6A83"),
        ([COMMON, "00B2010D00"], "6A81"),
        ([COMMON, "00B0810000"], "6981"),
        ([COMMON, "008800990411223344" + "00"], "256:9000"),
        ([JPKI, "0088009904" + "11223344" + "00"], "6985"),  # assumed
        (["0084000008"], "8:9000"),
        ([JPKI, "0084000008"], "8:9000"),
        (["0084000108"], "6A86"),
        (["0084000000"], "256:9000"),
        (["00840000000100"], "6985"),  # extended length
        (["00CA00F000"], "5:9000"),
        (["00CA009900"], "6A88"),
        ([JPKI, "00CA00F000"], "6A88"),
        ([JPKI, MANAGER, "00CA00F000"], "5:9000"),
        (["01A4040C0AD392F000260100000001"], "6881"),
        (["0CA4040C0AD392F000260100000001"], "6882"),
        ([JPKI, "0CB0860020"], "69FC"),
        (["00FE0000"], "6D00"),
        (["A0A40000"], "6E00"),
        (["00A4040C0AD392"], "6700"),
        (["00"], "6700"),
    ],
    ids=lambda value: " ".join(apdu[:10] for apdu in value) if isinstance(value, list) else value,
)
def test_commands_and_answers(hanako: IsoCard, apdus: list[str], answer: str) -> None:
    hanako.power_on()
    assert say(hanako, *apdus) == answer


def test_three_wrong_pins_and_a_right_one(hanako: IsoCard) -> None:
    hanako.power_on()
    wrong, right, ask = "0020009804" + "39" * 4, "002000980431323334", "00200098"
    assert [say(hanako, *each) for each in ([JPKI, wrong], [wrong], [right], [ask])] == ["63C2", "63C1", "9000", "63C3"]
    assert [say(hanako, wrong) for _ in range(5)] == ["63C2", "63C1", "63C0", "6984", "6984"]
    assert say(hanako, right) == "6984"
    assert say(hanako, ask) == "63C0"
    hanako.power_off()
    hanako.power_on()
    assert say(hanako, JPKI, right) == "6984"  # counters outlive the power


SIGN = "802A009733" + DIGEST + "00"
PIN = "002000980431323334"


def test_what_forgets_a_pin_and_what_does_not(hanako: IsoCard) -> None:
    hanako.power_on()
    assert say(hanako, JPKI, PIN, SIGN) == "256:9000"
    hanako.reset()
    assert say(hanako, SIGN) == "256:9000"  # a warm reset does not
    assert say(hanako, JPKI, SIGN) == "6982"  # selecting the application again does
    assert say(hanako, PIN, SIGN) == "256:9000"
    hanako.power_off()
    hanako.power_on()
    assert say(hanako, JPKI, SIGN) == "6982"


def test_nothing_is_said_without_power(hanako: IsoCard) -> None:
    assert hanako.transmit(bytes.fromhex(JPKI)) == b""


def quirky(pki: TestPki, *quirks: Quirk, **plan: object) -> IsoCard:
    card = make(Plan(quirks=frozenset(quirks), **plan), pki)  # type: ignore[arg-type]
    assert isinstance(card, IsoCard)
    card.power_on()
    return card


def test_quirks(pki: TestPki) -> None:
    assert [say(quirky(pki, Quirk.STUMBLES), *[JPKI] * count) for count in (1, 2)] == ["6F00", "9000"]
    assert say(quirky(pki, Quirk.TELLS_VERIFIED), JPKI, PIN, "00200098") == "9000"
    assert say(quirky(pki, Quirk.NO_SHORT_IDS), JPKI, "00B0860020") == "6A86"
    assert say(quirky(pki, Quirk.NO_EXTENDED), JPKI, "00B08600000100") == "6700"
    assert say(quirky(pki, Quirk.EXACT), JPKI, "00B0880010") == "6C03"
    announces = quirky(pki, Quirk.ANNOUNCES)
    assert say(announces, JPKI, "00B0880003") == "6103"
    assert say(announces, "00C0000003") == "3:9000"


def test_a_chain_is_one_command(hanako: IsoCard) -> None:
    hanako.power_on()
    town = "00A4040C0AF06D6163686974617001"
    parts = ("10880001" + "10" + "00" * 16, "10880001" + "10" + "11" * 16, "00880001" + "10" + "22" * 16 + "00")
    assert say(hanako, town, *parts) == "64:9000"
    whole = "00880001" + "30" + "00" * 16 + "11" * 16 + "22" * 16 + "00"
    last = hanako.transmit(bytes.fromhex(parts[2]))
    for part in parts[:2]:
        assert say(hanako, part) == "9000"
    assert hanako.transmit(bytes.fromhex(parts[2])) == hanako.transmit(bytes.fromhex(whole)) != last


def test_faults_are_in_the_card(pki: TestPki) -> None:
    assert say(quirky(pki, faults=frozenset({Fault.BLOCKED_PIN})), JPKI, "00200098") == "63C0"
    assert say(quirky(pki, faults=frozenset({Fault.LAST_TRY})), JPKI, "00200098") == "63C1"
    assert say(quirky(pki, faults=frozenset({Fault.NO_PASS})), "00A4040C0AF06D6163686974617001") == "6A82"
    no_sign = quirky(pki, faults=frozenset({Fault.NO_SIGN_CERTIFICATE}))
    assert say(no_sign, JPKI, "00A4020C020001") == "6A82"
    assert no_sign.transmit(bytes.fromhex("00B0880003")) == bytes.fromhex("008F00 9000")


def test_an_android_shows_its_certificate_after_the_pin(pki: TestPki) -> None:
    phone = quirky(pki, kind=Kind.ANDROID)
    assert say(phone, JPKI, "00B08A0004") == "6982"
    assert say(phone, PIN, "00B08A0004") == "4:9000"
    assert say(phone, FACE) == "6A82"


def test_the_age_record_and_its_issuer_have_the_sizes_of_real_ones(hanako: IsoCard) -> None:
    hanako.power_on()
    face = hanako.applications["face"].files
    records = [bytes(file.content) for file in (face[0x0001], face[0x0004])]  # type: ignore[union-attr]
    assert [len(record.rstrip(b"\xff")) for record in records] == [547, 568]
    entry = hanako.applications["entry"].files
    sizes = [len(entry[file].content) for file in (0x0001, 0x0003, 0x0005)]  # type: ignore[union-attr]
    assert sizes == [17, 336, 164]
    assert [record[:5].hex().upper() for record in records] == ["FF1082021E", "7F21820233"]


def test_the_same_plan_makes_the_same_card(pki: TestPki) -> None:
    one, other = (make(Plan(), TestPki(pki.folder)) for _ in range(2))
    assert isinstance(one, IsoCard)
    assert isinstance(other, IsoCard)
    for name, application in one.applications.items():
        assert application.files.keys() == other.applications[name].files.keys()
        for file, content in application.files.items():
            assert getattr(content, "content", None) == getattr(other.applications[name].files[file], "content", None)
