"""A shop's code: what it says, beside which other networks, and everything for which it is not taken."""

import string
from collections.abc import Callable

import msgspec
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from drivers.scanner import Element, Kind, crc16, elements, parse
from programs.coin.codes.errors import CodeError, Why
from programs.coin.codes.layout import BYTES_MAX, take_apart, whole
from programs.coin.codes.mpm import Code, read, write

OURS = "jp.example.todai"
STICKER = Code(
    place="bakery",
    category="5462",
    name="TODAI BAKERY",
    city="TODAICHO",
    name_ja="とうだいパン",
    city_ja="灯台町",
    postal="9390000",
)
STICKER_TEXT = (
    "000201" "010211" "26300016jp.example.todai0106bakery" "52045462" "5303392" "5802JP" "5912TODAI BAKERY"
    "6008TODAICHO" "61079390000" "64230002JA0106とうだいパン0203灯台町" "6304B3D2"
)  # fmt: skip
BILL = msgspec.structs.replace(STICKER, yen=1280, bill="20261123-0042", terminal="shop01", reference="A-17")
BILL_TEXT = (
    "000201" "010212" "26300016jp.example.todai0106bakery" "52045462" "5303392" "54041280" "5802JP" "5912TODAI BAKERY"
    "6008TODAICHO" "61079390000" "6235011320261123-00420504A-170706shop01" "64230002JA0106とうだいパン0203灯台町"
    "6304EEC3"
)  # fmt: skip

# Published codes, with the checksums that they were published with.
EMVCO = (  # EMV QRCPS, Merchant-Presented Mode 1.1, annex A; also in the tests of github.com/mvallim/emv-qrcode
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT"
    "6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME"
    "91320016A0112233449988770708123456786304A13A"
)
JPQR = (  # github.com/mercari/go-emv-code, mpm/jpqr/jpqr_test.go: a sticker of JPQR that two other networks share
    "0002016003xxx01021129300012D156000000000510A93FO3230Q31280012D1560000000103081234567826680019jp.or.paymentsjapan"
    "01130000000000001020400010306000001040600000153033925903xxx64180002JA0108メルペイ カフェ520441115802JP61071066143"
    "6304DEE9"
)
PHNOM_PENH = (  # github.com/phannaly/emv-qr-code, README
    "00020101021252044131153137210116372101160123456789ABCDE6010Phnom Penh5913Merchant Shop5802KH540510.005303840"
    "622501081234567802090124444446304A0BA"
)
PAYMAYA = (  # the public QR specification of PayMaya, appendix A: templates within template 62, and a free one (80)
    "00020101021226150011com.paymaya5204490053036085405390.85802PH5907Meralco6005Pasig6253011004664998015035"
    "0020com.paymaya.billspay0107meralco80870015com.bayadcenter0105000010205MECOA0316046649980181013604"
    "26046649980181210136121026036304 1DB5".replace(" ", "")
)


def refused(why: Why, text: str) -> None:
    with pytest.raises(CodeError) as caught:
        read(text, OURS)
    assert caught.value.why is why, str(caught.value)
    assert str(caught.value)


def summed(text: str) -> str:
    """Put the right checksum behind elements, whatever they say."""
    return f"{text}6304{crc16(f'{text}6304'.encode()):04X}"


def saying(values: dict[str, str | None], base: str = BILL_TEXT) -> str:
    """Return a well-made code that says something else than `base` at these ids; None: it says nothing there."""
    root = {**take_apart(base).values, **values}
    return whole({tag: value for tag, value in root.items() if value is not None and tag not in {"00", "63"}})


# ---------------------------------------------------------------------------------------------- what they say


@pytest.mark.parametrize(("code", "text"), [(STICKER, STICKER_TEXT), (BILL, BILL_TEXT)])
def test_a_sticker_and_a_bill_letter_by_letter(code: Code, text: str) -> None:
    assert write(code, OURS) == text
    assert read(text, OURS) == code
    scan = parse(text.encode())
    assert (scan.kind, scan.trouble) == (Kind.EMV, ""), "the scanner finds it sound as well"


def test_a_small_checksum_keeps_its_zeros() -> None:
    """Section 4.7.3: 007B is written 6304007B. Shops are tried until one has such a checksum."""
    names = (f"SHOP {number}" for number in range(1000))
    texts = (write(msgspec.structs.replace(STICKER, name=name), OURS) for name in names)
    short = next(text for text in texts if text[-4:].startswith("00"))
    assert read(short, OURS).name.startswith("SHOP ")


@pytest.mark.parametrize("text", [EMVCO, JPQR, PHNOM_PENH, PAYMAYA], ids=["emvco", "jpqr", "phnom penh", "paymaya"])
def test_published_codes_are_sound(text: str) -> None:
    parts = take_apart(text)
    assert "".join(f"{tag}{len(value):02}{value}" for tag, value in parts.values.items()) == text
    for tag in ("62", "64"):
        assert len(parts.template(tag).values) == (len(elements(parts.values[tag])) if tag in parts.values else 0)


def test_published_codes_say_what_was_published() -> None:
    names = take_apart(EMVCO).template("64")
    assert names.values == {"00": "ZH", "01": "最佳运输", "02": "北京"}
    assert take_apart(JPQR).template("26").values["00"] == "jp.or.paymentsjapan"
    assert take_apart(PHNOM_PENH).template("62").values == {"01": "12345678", "02": "012444444"}
    assert take_apart(PAYMAYA).template("62").template("50").values["01"] == "meralco"


def test_other_countries_codes_are_told_from_broken_ones() -> None:
    for text in (EMVCO, PHNOM_PENH, PAYMAYA):
        refused(Why.CURRENCY, text)
    refused(Why.COUNTRY, saying({"53": "392"}, PHNOM_PENH))
    refused(Why.FOREIGN, JPQR)


def test_ours_on_a_sticker_of_jpqr() -> None:
    """The elements may stand in any order, and those of others are kept as they are."""
    text = summed(JPQR[:-8] + "27300016jp.example.todai0106bakery")
    code = read(text, OURS)
    assert (code.place, code.name_ja, code.category, code.yen) == ("bakery", "メルペイ カフェ", "4111", None)
    assert code.others == (
        Element("26", "0019jp.or.paymentsjapan011300000000000010204000103060000010406000001"),
        Element("29", "0012D156000000000510A93FO3230Q"),
        Element("31", "0012D15600000001030812345678"),
    )
    again = write(code, OURS)
    assert read(again, OURS) == code
    ids = [part.tag for part in elements(again)]
    assert ids == ["00", "01", "26", "27", "29", "31", "52", "53", "58", "59", "60", "61", "64", "63"]
    assert sorted(again[:-8]) == sorted(text[:-8])


def test_what_others_say_is_kept_whatever_it_is() -> None:
    """Not even their templates need to be made of elements; only their letters must fit into the whole."""
    others = {"02": "4000123456789012", "27": "no elements at all", "51": "0003abc0003abc", "99": "あ\n"}
    text = saying({**others, "62": "0205hello0112invoice-00421003new5003xyz", "70": "reserved"})
    code = read(text, OURS)
    assert code.others == tuple(Element(tag, value) for tag, value in others.items())
    assert code.more == (Element("02", "hello"), Element("10", "new"), Element("50", "xyz"))
    assert code.bill == "invoice-0042"
    assert read(write(code, OURS), OURS) == code


def test_names_in_another_language_are_another_s() -> None:
    code = read(saying({"64": "0002ZH0104最佳运输"}), OURS)
    assert (code.name_ja, code.others) == ("", (Element("64", "0002ZH0104最佳运输"),))
    assert read(write(code, OURS), OURS) == code


def test_ours_is_found_in_any_account_template_and_nowhere_else() -> None:
    own = take_apart(STICKER_TEXT).values["26"]
    for number in range(26, 52):
        assert read(saying({"26": None, str(number): own}, STICKER_TEXT), OURS) == STICKER
    for tag in ("25", "80"):
        refused(Why.FOREIGN, saying({"26": None, tag: own}))
    for name in ("jp.example.Todai", "jp.example.todai2", "jp.example"):
        refused(Why.FOREIGN, saying({"26": f"00{len(name):02}{name}0106bakery"}))
    refused(Why.FOREIGN, saying({"26": "0106bakery"}))


def test_a_sticker_may_name_a_bill_that_the_payer_types() -> None:
    code = read(saying({"62": "0103***"}, STICKER_TEXT), OURS)
    assert (code.bill, code.yen) == ("***", None)


# ---------------------------------------------------------------------------------------------- what is refused

NO_AMOUNTS = ("12.5", "1280.0", "1280.", "0", "00", "01280", "-5", "+5", "1e3", "1,280", " 12", "１２８０", "9" * 14)
MADE_WRONG: dict[str, tuple[Why, str]] = {
    "nothing": (Why.FORM, ""),
    "text": (Why.FORM, "https://town.example/"),
    "a phone's code": (Why.FORM, "MACHI1:ABC"),
    "another version": (Why.FORM, summed("000202" + BILL_TEXT[6:-8])),
    "a beginning that is not first": (Why.FORM, summed(BILL_TEXT[6:-8] + "000201")),
    "half a character": (Why.CHARACTERS, summed(BILL_TEXT[:-8]).replace("灯", "\ud83d")),
    "no checksum": (Why.CHECKSUM, BILL_TEXT[:-8]),
    "another checksum": (Why.CHECKSUM, BILL_TEXT[:-4] + "0000"),
    "small letters in it": (Why.CHECKSUM, BILL_TEXT[:-4] + BILL_TEXT[-4:].lower()),
    "too short for one": (Why.CHECKSUM, "000201"),
    "a line end": (Why.CHECKSUM, BILL_TEXT + "\n"),
    "too long": (Why.TOO_LONG, saying({str(tag): "x" * 90 for tag in range(80, 86)})),
    "too long in bytes": (Why.TOO_LONG, saying({str(tag): "灯" * 90 for tag in (80, 81)})),
    "an element that is cut short": (Why.LAYOUT, summed(BILL_TEXT[:-8] + "8099short")),
    "an empty element": (Why.LAYOUT, summed(BILL_TEXT[:-8] + "8000")),
    "an id of letters": (Why.LAYOUT, summed(BILL_TEXT[:-8] + "xx02ab")),
    "digits of another script": (Why.LAYOUT, summed(BILL_TEXT[:-8] + "８００２ab")),
    "a length that is too long by one": (Why.LAYOUT, summed(BILL_TEXT[:-8].replace("5912", "5913"))),
    "a checksum within another element": (Why.LAYOUT, summed(BILL_TEXT[:-8] + "8010ab")),
    "a checksum of another length": (Why.LAYOUT, summed(BILL_TEXT[:-8] + "6310ab")),
    "elements behind the checksum": (Why.TWICE, summed(BILL_TEXT)),
    "a broken template 62": (Why.LAYOUT, saying({"62": "0113short"})),
    "a broken template 64": (Why.LAYOUT, saying({"64": "0002JA01"})),
    "a broken account of ours": (Why.FOREIGN, saying({"26": "0016jp.example.todai0107bakery"})),
    "a name twice": (Why.TWICE, summed(BILL_TEXT[:-8] + "5904TWIN")),
    "a bill twice": (Why.TWICE, saying({"62": "0101a0101b"})),
    "a place twice": (Why.TWICE, saying({"26": "0016jp.example.todai0101a0101b"})),
    "two accounts of ours": (Why.TWICE, saying({"30": "0016jp.example.todai0104farm"})),
    **{f"no {tag}": (Why.MISSING, saying({tag: None})) for tag in ("01", "52", "53", "58", "59", "60")},
    "no place": (Why.MISSING, saying({"26": "0016jp.example.todai"})),
    "names without a language": (Why.MISSING, saying({"64": "0103パン屋"})),
    "a language without a name": (Why.MISSING, saying({"64": "0002JA0203灯台町"})),
    "an amount without a bill": (Why.MISSING, saying({"62": None})),
    "an amount and no bill of its own": (Why.MISSING, saying({"62": "0103***"})),
    "an account of a newer kind": (Why.UNKNOWN, saying({"26": "0016jp.example.todai0106bakery0203T01"})),
    "a name of 26": (Why.LENGTH, saying({"59": "N" * 26})),
    "a city of 16": (Why.LENGTH, saying({"60": "C" * 16})),
    "a postal code of 11": (Why.LENGTH, saying({"61": "1" * 11})),
    "a bill of 26": (Why.LENGTH, saying({"62": "0126" + "B" * 26})),
    "another's label of 26": (Why.LENGTH, saying({"62": "0101b" + "0826" + "P" * 26})),
    "a place of 33": (Why.LENGTH, saying({"26": "0016jp.example.todai0133" + "p" * 33})),
    "a Japanese name of 26": (Why.LENGTH, saying({"64": "0002JA0126" + "灯" * 26})),
    "a Japanese city of 16": (Why.LENGTH, saying({"64": "0002JA0101灯0216" + "町" * 16})),
    "a category of three digits": (Why.VALUE, saying({"52": "546"})),
    "a category with a letter": (Why.VALUE, saying({"52": "546a"})),
    "a category in another script": (Why.VALUE, saying({"52": "５４６２"})),
    "another way to begin": (Why.VALUE, saying({"01": "13"})),
    "dollars": (Why.CURRENCY, saying({"53": "840"})),
    "a shop in China": (Why.COUNTRY, saying({"58": "CN"})),
    "small letters for Japan": (Why.COUNTRY, saying({"58": "jp"})),
    **{f"an amount of {said!r}": (Why.AMOUNT, saying({"54": said})) for said in NO_AMOUNTS},
    "an amount on a sticker": (Why.AMOUNT, saying({"01": "11"})),
    "no amount on a bill": (Why.AMOUNT, saying({"54": None})),
    "a tip": (Why.FEE, saying({"55": "01"})),
    "a fee": (Why.FEE, saying({"55": "02", "56": "100"})),
    "a fee in percent": (Why.FEE, saying({"57": "3.5"})),
    "Japanese where ASCII stands": (Why.CHARACTERS, saying({"59": "パン屋"})),
    "an accent": (Why.CHARACTERS, saying({"60": "Café"})),
    "a bell": (Why.CHARACTERS, saying({"61": "939\a0000"})),
    "a bill in Japanese": (Why.CHARACTERS, saying({"62": "0102七番"})),
    "another's label in Japanese": (Why.CHARACTERS, saying({"62": "0101b0802目的"})),
    "a card account in Japanese": (Why.CHARACTERS, saying({"04": "口座"})),
    "a name that turns around": (Why.CHARACTERS, saying({"64": "0002JA0104パン\u202e屋"})),
    "a name of two lines": (Why.CHARACTERS, saying({"64": "0002JA0104パン\n屋"})),
    "a place of nothing": (Why.CHARACTERS, saying({"26": "0016jp.example.todai0101\0"})),
    "only others": (Why.FOREIGN, saying({"26": "0019jp.or.paymentsjapan"})),
    "only cards": (Why.FOREIGN, saying({"26": None, "02": "4000123456789012"})),
    "no account at all": (Why.FOREIGN, saying({"26": None})),
}


@pytest.mark.parametrize("name", MADE_WRONG)
def test_what_is_not_taken_and_why(name: str) -> None:
    refused(*MADE_WRONG[name])


def test_every_reason_of_a_shop_s_code_is_tried() -> None:
    assert {why for why, _ in MADE_WRONG.values()} == set(Why) - {Why.SEAL, Why.ENTRY}


def test_a_full_width_space_may_stand_in_a_name() -> None:
    assert read(saying({"64": "0002JA0104パン\u3000屋"}), OURS).name_ja == "パン\u3000屋"


change: Callable[..., Code] = msgspec.structs.replace


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (change(BILL, place=""), Why.MISSING),
        (change(BILL, place="p" * 33), Why.LENGTH),
        (change(BILL, name=""), Why.MISSING),
        (change(BILL, name="とうだい"), Why.CHARACTERS),
        (change(BILL, name="N" * 100), Why.LENGTH),
        (change(BILL, place="p" * 100), Why.LENGTH),
        (change(BILL, category=""), Why.MISSING),
        (change(BILL, name_ja=""), Why.MISSING),  # but a city
        (change(BILL, yen=0), Why.AMOUNT),
        (change(BILL, yen=-1), Why.AMOUNT),
        (change(BILL, yen=10**13), Why.AMOUNT),
        (change(BILL, yen=12.5), Why.AMOUNT),
        (change(BILL, yen=True), Why.AMOUNT),
        (change(BILL, bill=""), Why.MISSING),
        (change(BILL, bill="***"), Why.MISSING),
        (change(BILL, name="\ud83d"), Why.CHARACTERS),
        (change(STICKER, more=(Element("01", "b"),)), Why.VALUE),
        (change(STICKER, more=(Element("00", "b"),)), Why.VALUE),
        (change(STICKER, others=(Element("59", "ours"),)), Why.VALUE),
        (change(STICKER, others=(Element("54", "1280"),)), Why.VALUE),
        (change(STICKER, others=(Element("55", "01"),)), Why.FEE),
        (change(STICKER, others=(Element("64", "0002ZH0101x"),)), Why.VALUE),
        (change(STICKER, others=(Element("70", "reserved"),)), Why.VALUE),
        (change(STICKER, others=(Element("99", "b"), Element("80", "a"))), Why.VALUE),
        (change(STICKER, others=(Element("26", "0016jp.example.todai0104farm"),)), Why.TWICE),
        (change(STICKER, others=(Element("8", "a"),)), Why.LAYOUT),
        (change(STICKER, others=tuple(Element(str(tag), "x") for tag in range(26, 52))), Why.TOO_LONG),
        (change(STICKER, others=tuple(Element(str(tag), "x" * 99) for tag in range(80, 84))), Why.TOO_LONG),
    ],
)
def test_what_cannot_be_said_is_not_written(code: Code, why: Why) -> None:
    with pytest.raises(CodeError) as caught:
        write(code, OURS)
    assert caught.value.why is why, str(caught.value)


@pytest.mark.parametrize("network", ["", "todai", "jp.example.", ".jp", "JP.EXAMPLE", "jp example", "jp." + "x" * 30])
def test_a_network_is_called_by_a_reverse_domain(network: str) -> None:
    with pytest.raises(CodeError) as caught:
        write(STICKER, network)
    assert caught.value.why is Why.VALUE
    assert read(write(STICKER, "jp." + "x" * 29), "jp." + "x" * 29) == STICKER


# ---------------------------------------------------------------------------------------------- what the road does


@pytest.mark.parametrize("text", [STICKER_TEXT, BILL_TEXT], ids=["sticker", "bill"])
def test_any_one_character_that_changes_is_noticed(text: str) -> None:
    """Every place and every printable character; for a kana, every other kana: all change 16 bits or fewer in a row."""
    kana = [chr(letter) for letter in range(ord("ぁ"), ord("ヿ"))]
    tried = 0
    for at, letter in enumerate(text):
        for other in string.printable if letter.isascii() else kana:
            if other != letter:
                tried += 1
                with pytest.raises(CodeError):
                    read(text[:at] + other + text[at + 1 :], OURS)
    assert tried > len(text) * 90


def test_two_neighbours_that_change_places_and_a_code_that_breaks_off_are_noticed() -> None:
    for at in range(len(BILL_TEXT)):
        with pytest.raises(CodeError):
            read(BILL_TEXT[:at], OURS)
        turned = BILL_TEXT[:at] + BILL_TEXT[at : at + 2][::-1] + BILL_TEXT[at + 2 :]
        if turned != BILL_TEXT:
            with pytest.raises(CodeError):
                read(turned, OURS)


def never_fails(text: str) -> None:
    try:
        code = read(text, OURS)
    except CodeError:
        return
    assert read(write(code, OURS), OURS) == code


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text: str) -> None:
    never_fails(text)
    never_fails(summed_or_not("000201" + text))


def summed_or_not(text: str) -> str:
    try:
        return summed(text)
    except UnicodeEncodeError:
        return text


pieces = st.one_of(
    st.tuples(st.integers(0, 99), st.text(min_size=1, max_size=12)).map(
        lambda drawn: f"{drawn[0]:02}{len(drawn[1]):02}{drawn[1]}"
    ),
    st.sampled_from([f"{part.tag}{len(part.value):02}{part.value}" for part in elements(BILL_TEXT[6:-8])]),
    st.text("0123456789", max_size=6),
)


@given(st.permutations(elements(BILL_TEXT[6:-8])), st.lists(pieces, max_size=3))
def test_no_elements_make_it_fail(said: list[Element], more: list[str]) -> None:
    """Codes with the right checksum: ours in any order, with anything behind."""
    body = "".join(f"{part.tag}{len(part.value):02}{part.value}" for part in said)
    never_fails(summed_or_not("000201" + body + "".join(more)))
    assert read(summed("000201" + body), OURS) == BILL


# ---------------------------------------------------------------------------------------------- there and back

plain = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1)
letters = st.text(st.sampled_from("灯台町とうだいパン屋 ー\u3000ABC123〒①"), min_size=1)
cards = st.builds(Element, st.sampled_from(["02", "25"]), plain.map(lambda text: text[:20]))
templates = st.builds(
    Element,
    st.sampled_from(["26", "27", "40", "51", "80", "99"]),
    letters.map(lambda text: text[:20]).map(lambda text: f"00{len(text):02}{text}"),
)
extra = st.builds(Element, st.sampled_from(["10", "49", "50", "99"]), letters.map(lambda s: s[:9]))


def by_id(drawn: list[Element]) -> tuple[Element, ...]:
    return tuple(sorted(drawn, key=lambda part: part.tag))


@st.composite
def codes(draw: st.DrawFn) -> Code:
    yen = draw(st.none() | st.integers(1, 10**13 - 1))
    name_ja = draw(st.just("") | letters.map(lambda text: text[:25]))
    return Code(
        place=draw(letters)[:32],
        category=draw(st.from_regex("[0-9]{4}", fullmatch=True)),
        name=draw(plain)[:25],
        city=draw(plain)[:15],
        name_ja=name_ja,
        city_ja=draw(letters)[:15] if name_ja and draw(st.booleans()) else "",
        postal=draw(st.just("") | plain)[:10],
        yen=yen,
        bill=draw(plain if yen else st.just("") | plain)[:20].replace("*", "x"),
        reference=draw(st.just("") | plain)[:20],
        terminal=draw(st.just("") | plain)[:20],
        more=by_id(draw(st.lists(extra, max_size=1))),
        others=by_id(draw(st.lists(cards | templates, max_size=2, unique_by=lambda part: part.tag))),
    )


@given(codes(), st.sampled_from([OURS, "town.a", "jp.lg.town.todai"]))
def test_what_is_written_reads_the_same(code: Code, network: str) -> None:
    text = write(code, network)
    assert read(text, network) == code
    assert len(text.encode()) <= BYTES_MAX
    assert parse(text.encode()).trouble == ""
    with pytest.raises(CodeError) as caught:
        read(text, "jp.example.elsewhere")
    assert caught.value.why is Why.FOREIGN


@pytest.mark.parametrize(
    ("text", "version"), [(STICKER_TEXT, 9), (BILL_TEXT, 10), ("x" * BYTES_MAX, 18)], ids=["sticker", "bill", "most"]
)
def test_how_large_the_codes_are(text: str, version: int) -> None:
    """As the first page of `mpm` says."""
    assert segno.make(text, error="m", boost_error=False, encoding="utf-8", micro=False).version == version
