"""The whole JPKI application: token, both certificates, both secrets, both keys, authorities, lists, and the holder."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.card import (
    ClockDoubtError,
    ExpiredCardError,
    ForgedCardError,
    NotReadableError,
    OtherCardError,
    PinBlockedError,
    PinFormatError,
    PinLastTryError,
    PinWrongError,
    Proof,
    RevokedCardError,
    Trust,
    TrustError,
    UnknownIssuerError,
    identify,
    jpki,
    signing,
    trust_folder,
)
from drivers.card.channel import Channel, Exchange
from drivers.card.files import DESK
from drivers.card.jpki import certificates, crl
from drivers.card.jpki.certificates import Purpose
from drivers.card.jpki.holder import Holder, holder
from drivers.card.proofs import rsa_holds
from drivers.card.sim import pki as sim_pki
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.pki import SIGN_POLICY, TestPki, utf8
from drivers.card.sim.plan import Fault, Kind, Plan
from drivers.reader import Field

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NONCE = bytes(range(32))
LETTER = "申請書".encode()
PASSWORD = "TEST1234"  # noqa: S105 - of a virtual card
Lay = Callable[..., Field]


def desk(field: Field, steps: list[Exchange] | None = None) -> Channel:
    return Channel(field, allowed=DESK, trace=(steps if steps is not None else []).append)


def plan(*faults: Fault, **more: object) -> Plan:
    return Plan(faults=frozenset(faults), **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- what is free to read


def test_the_whole_token_file(hanako: IsoCard, lay: Lay) -> None:
    channel = desk(lay(hanako))
    jpki.present(channel)
    info = jpki.token_info(channel)
    assert (info.kind, info.label, info.serial) == (jpki.Token.CARD, "JPKIAPICCTOKEN2", "990000000000001")
    assert (info.manufacturer, info.model) == ("0" * 31 + "1", "VIRTUAL")
    assert (info.flags, info.pin_lengths) == (0x040D, (16, 6))


def test_a_short_token_file_is_not_readable(hanako: IsoCard, lay: Lay) -> None:
    hanako.applications["jpki"].files[6].content = b"JPKIAPICCTOKEN2".ljust(40)  # type: ignore[union-attr]
    channel = desk(lay(hanako))
    jpki.present(channel)
    assert jpki.token(channel) is jpki.Token.CARD
    with pytest.raises(NotReadableError):
        jpki.token_info(channel)


def test_both_authorities_on_the_card_are_shown(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    channel = desk(lay(hanako))
    jpki.present(channel)
    own = (pki.own.authentication.certificate, pki.own.signing.certificate)
    assert jpki.authorities(channel) == tuple(each.public_bytes(Encoding.DER) for each in own)


def test_both_secrets_are_counted_without_spending_a_try(pki: TestPki, lay: Lay) -> None:
    card = make(Plan(), pki)
    channel = desk(lay(card))
    jpki.present(channel)
    with pytest.raises(PinWrongError), jpki.pin_shown(channel, "9999"):
        pass
    for _ in range(3):
        assert jpki.pin_states(channel) == jpki.PinStates(authentication=2, signing=5)


@pytest.mark.parametrize("missing", [frozenset[str](), frozenset({"jpki/0018", "jpki/001B"})])
def test_a_card_without_pins_says_none_are_left(pki: TestPki, lay: Lay, missing: frozenset[str]) -> None:
    channel = desk(lay(make(plan(Fault.NO_PIN, missing=missing), pki)))
    jpki.present(channel)
    assert jpki.pin_states(channel) == jpki.PinStates(0, 0)
    with pytest.raises(PinBlockedError), jpki.pin_shown(channel, "1234"):
        pass


# ---------------------------------------------------------------------------------------------- the signing key


def test_a_document_is_signed_by_its_holder(pki: TestPki, lay: Lay) -> None:
    steps: list[Exchange] = []
    card = make(Plan(name_substitutes="01000"), pki)
    signed = signing.sign(desk(lay(card), steps), PASSWORD.lower(), LETTER, pki.trust(), NOW)
    certificate = x509.load_der_x509_certificate(signed.certificate)
    assert rsa_holds(certificate.public_key(), signed.signature, LETTER)  # type: ignore[arg-type]
    assert not rsa_holds(certificate.public_key(), signed.signature, LETTER + b"!")  # type: ignore[arg-type]
    assert signed.holder == Holder(
        "架空　花子",
        "架空県試験市一丁目２番３号",
        date(1985, 4, 1),
        3,
        "2",
        name_substitutes=(1,),
        address_substitutes=(),
    )
    assert signed.expires == date(2094, 4, 1)
    shown = " ".join(str(step) for step in steps)
    assert PASSWORD.encode().hex().upper() not in shown
    assert PASSWORD not in shown
    assert "花子" not in repr(signed)


@pytest.mark.parametrize("password", [PASSWORD, "WRONG123"])
def test_the_card_forgets_the_password(pki: TestPki, lay: Lay, password: str) -> None:
    field = lay(make(Plan(), pki))
    try:
        signing.sign(desk(field), password, LETTER, pki.trust(), NOW)
    except PinWrongError:
        assert password != PASSWORD
    assert field.transmit(bytes.fromhex("00B0810004")) == bytes.fromhex("6982")


@pytest.mark.parametrize(
    "password", ["", "ABC12", "A" * 16 + "1", "ABCDEFGH", "12345678", "ABC 123", "ＡＢＣ１２３", "999999999990"]
)
def test_what_is_no_password_is_not_sent(pki: TestPki, lay: Lay, password: str) -> None:
    steps: list[Exchange] = []
    with pytest.raises(PinFormatError):
        signing.sign(desk(lay(make(Plan(), pki)), steps), password, LETTER, pki.trust(), NOW)
    assert steps == []


def test_five_tries_and_the_last_is_kept(pki: TestPki, lay: Lay) -> None:
    card, left = make(Plan(), pki), []
    for _ in range(4):
        with pytest.raises(PinWrongError) as wrong:
            signing.sign(desk(lay(card)), "WRONG123", LETTER, pki.trust(), NOW)
        left.append(wrong.value.tries_left)
    assert left == [4, 3, 2, 1]
    with pytest.raises(PinLastTryError):
        signing.sign(desk(lay(card)), PASSWORD, LETTER, pki.trust(), NOW)
    assert signing.sign(desk(lay(card)), PASSWORD, LETTER, pki.trust(), NOW, spend_last_try=True).signature


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.EXPIRED, ExpiredCardError),
        (Fault.NOT_YET_VALID, ClockDoubtError),
        (Fault.UNKNOWN_CA, UnknownIssuerError),
        (Fault.FORGED_CREDENTIAL, ForgedCardError),
        (Fault.CLONED_CERTIFICATE, ForgedCardError),
        (Fault.WRONG_KEY, ForgedCardError),
        (Fault.NO_SIGN_CERTIFICATE, NotReadableError),
        (Fault.NO_PIN, PinBlockedError),
    ],
)
def test_a_card_that_is_not_believed_signs_nothing(
    pki: TestPki, lay: Lay, fault: Fault, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        signing.sign(desk(lay(make(plan(fault), pki))), PASSWORD, LETTER, pki.trust(), NOW)
    assert type(raised.value) is error


@pytest.mark.parametrize("kind", [Kind.OLD, Kind.ANDROID, Kind.IPHONE, Kind.BANK, Kind.EMPTY])
def test_no_other_card_is_sent_the_password(pki: TestPki, lay: Lay, kind: Kind) -> None:
    steps: list[Exchange] = []
    with pytest.raises(OtherCardError):
        signing.sign(desk(lay(make(plan(kind=kind), pki)), steps), PASSWORD, LETTER, pki.trust(), NOW)
    assert not any(step.sent.startswith("00 20") for step in steps)


# ---------------------------------------------------------------------------------------------- who signed it


@pytest.mark.parametrize("generation", [2, 3])
def test_generations_of_one_name_are_told_by_their_signature(pki: TestPki, lay: Lay, generation: int) -> None:
    trust = pki.trust(("jpki",), generations=(1, 2, 3))
    assert len({each.subject for each in trust.jpki_authorities}) == 1
    card = make(plan(generation=generation, expires=date(2028, 4, 1)), pki)
    assert identify(lay(card), NONCE, trust, NOW, "1234").proof is Proof.PIN
    authentication, sign = pki.generation(generation)
    der = jpki_certificate(lay(card))
    assert certificates.believe(
        der, trust.jpki_authorities, NOW, trust.jpki_policies, Purpose.AUTHENTICATION
    ).authority == (authentication.certificate)
    assert signing.sign(desk(lay(card)), PASSWORD, LETTER, trust, NOW).holder.name == "架空　花子"
    with pytest.raises(UnknownIssuerError):
        identify(lay(card), NONCE, pki.trust(("jpki",), generations=(1,)), NOW, "1234")
    assert sign.certificate in trust.sign_authorities


def jpki_certificate(field: Field) -> x509.Certificate:
    channel = desk(field)
    jpki.present(channel)
    return certificates.load(jpki.certificate(channel))


def test_the_first_generation_has_ended(pki: TestPki, lay: Lay) -> None:
    trust = pki.trust(("jpki",), generations=(1, 2, 3))
    with pytest.raises(ExpiredCardError) as ended:
        identify(lay(make(plan(generation=1), pki)), NONCE, trust, NOW, "1234")
    assert ended.value.ended == date(2025, 10, 19)


def test_a_signing_certificate_is_not_taken_for_the_other(pki: TestPki) -> None:
    key = pki.keys.rsa("cards/990000000000001/signing").public_key()
    issued = pki.own.signing.issue("TEST", key, date(2024, 4, 1), date(2030, 4, 1), signs=False)
    with pytest.raises(ForgedCardError, match="no signing certificate"):
        certificates.believe(issued, [pki.own.signing.certificate], NOW, {SIGN_POLICY}, Purpose.SIGNING)


def test_authorities_are_pinned_by_fingerprint(pki: TestPki, tmp_path: Path) -> None:
    trust = pki.trust()
    pins = frozenset(certificates.fingerprint(each) for each in (*trust.jpki_authorities, *trust.sign_authorities))
    assert replace(trust, jpki_pins=pins).jpki_pins == pins
    with pytest.raises(TrustError, match="jpki_pins"):
        replace(pki.trust(generations=(2, 3)), jpki_pins=pins)
    trust_folder.save(replace(trust, jpki_pins=pins), tmp_path)
    assert trust_folder.load(tmp_path).sign_authorities == trust.sign_authorities
    (tmp_path / "sign" / "another.pem").write_bytes(pki.stranger.signing.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(TrustError, match="jpki_pins"):
        trust_folder.load(tmp_path)


def test_production_refuses_a_test_authority_for_signing_too(pki: TestPki) -> None:
    with pytest.raises(TrustError, match="JPKI-TEST-LOCAL"):
        Trust(sign_authorities=pki.trust().sign_authorities)


# ---------------------------------------------------------------------------------------------- lists of revoked ones

ISSUED, UNTIL = date(2026, 11, 20), date(2026, 11, 27)


def with_list(pki: TestPki, revoked: dict[int, date], until: date = UNTIL) -> Trust:
    own = pki.own.authentication
    lists = (crl.load(own.revoke(revoked, ISSUED, until).public_bytes(Encoding.DER), [own.certificate]),)
    return replace(pki.trust(("jpki",)), revocation_lists=lists)


def test_a_certificate_that_is_not_on_the_list(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    state = identify(lay(hanako), NONCE, with_list(pki, {4711: ISSUED}), NOW, "1234").revocation
    assert state is not None
    assert (state.revoked_on, state.expired) == (None, False)
    assert state.age == timedelta(days=3, hours=9)  # from midnight in Japan
    assert identify(lay(hanako), NONCE, pki.trust(("jpki",)), NOW, "1234").revocation is None


def test_a_revoked_card_is_refused_before_its_pin_is_asked(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    serial = jpki_certificate(lay(hanako)).serial_number
    steps: list[Exchange] = []
    with pytest.raises(RevokedCardError) as revoked:
        identify(lay(hanako), NONCE, with_list(pki, {serial: date(2026, 5, 5)}), NOW, "1234", trace=steps.append)
    assert revoked.value.ended == date(2026, 5, 5)
    assert not any(step.sent.startswith("00 20") for step in steps)


def test_an_old_list_says_so_and_still_revokes(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    state = identify(lay(hanako), NONCE, with_list(pki, {}), later, "1234").revocation
    assert state is not None
    assert state.expired is True
    serial = jpki_certificate(lay(hanako)).serial_number
    with pytest.raises(RevokedCardError):
        identify(lay(hanako), NONCE, with_list(pki, {serial: ISSUED}), later, "1234")


def test_without_a_clock_a_list_has_no_age(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    state = identify(lay(hanako), NONCE, with_list(pki, {}), None, "1234").revocation
    assert state is not None
    assert (state.age, state.expired, state.revoked_on) == (None, None, None)


@pytest.mark.threat("poisoned update")
def test_the_newest_list_counts(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    own, serial = pki.own.authentication, jpki_certificate(lay(hanako)).serial_number
    lists = tuple(
        crl.load(own.revoke(revoked, day, UNTIL).public_bytes(form), [own.certificate])
        for revoked, day, form in (({serial: ISSUED}, date(2026, 11, 21), Encoding.PEM), ({}, ISSUED, Encoding.DER))
    )
    with pytest.raises(RevokedCardError):
        identify(lay(hanako), NONCE, replace(pki.trust(("jpki",)), revocation_lists=lists), NOW, "1234")


def test_a_list_of_another_generation_says_nothing(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    older, _ = pki.generation(2)
    serial = jpki_certificate(lay(hanako)).serial_number
    listed = crl.load(older.revoke({serial: ISSUED}, ISSUED, UNTIL).public_bytes(Encoding.DER), [older.certificate])
    trust = replace(pki.trust(("jpki",), generations=(2, 3)), revocation_lists=(listed,))
    assert identify(lay(hanako), NONCE, trust, NOW, "1234").revocation is None


def test_whose_list_it_is(pki: TestPki) -> None:
    own, stranger = pki.own.authentication, pki.stranger.authentication
    data = own.revoke({}, ISSUED, UNTIL).public_bytes(Encoding.DER)
    with pytest.raises(ForgedCardError):  # the stranger has the same name
        crl.load(data, [stranger.certificate])
    with pytest.raises(UnknownIssuerError):
        crl.load(data, [pki.own.signing.certificate])
    with pytest.raises(ForgedCardError):
        crl.load(data[:-1] + bytes((data[-1] ^ 1,)), [own.certificate])
    for noise in (b"", b"\x30\x00", data[:-2], b"-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n"):
        with pytest.raises(NotReadableError):
            crl.load(noise, [own.certificate])


def point(name: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(f"http://crl.example/{name}")


def divided(pki: TestPki, **said: object) -> bytes:
    """A list for one part of an authority's certificates."""
    own = pki.own.authentication
    options = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    } | said  # fmt: skip
    builder = x509.CertificateRevocationListBuilder().issuer_name(own.certificate.subject)
    builder = builder.last_update(NOW).next_update(NOW + timedelta(days=1))
    extension = x509.IssuingDistributionPoint(**options)  # type: ignore[arg-type]
    return builder.add_extension(extension, critical=True).sign(own.key, SHA256()).public_bytes(Encoding.DER)


def test_a_part_of_a_list_covers_its_part_only(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    own = pki.own.authentication
    part = crl.load(divided(pki, full_name=[point("1")]), [own.certificate])
    bare = jpki_certificate(lay(hanako))
    builder = sim_pki._certificate(bare.subject, own.certificate.subject, bare.public_key(), ISSUED, UNTIL)  # type: ignore[arg-type]
    for name, covered in (("1", True), ("2", False)):
        points = x509.CRLDistributionPoints([x509.DistributionPoint([point(name)], None, None, None)])
        certificate = builder.add_extension(points, critical=False).sign(own.key, SHA256())
        assert part.covers(certificate) is covered
    assert not part.covers(bare)
    for partial in ({"indirect_crl": True}, {"only_contains_ca_certs": True}):
        with pytest.raises(NotReadableError, match="partial"):
            crl.load(divided(pki, **partial), [own.certificate])


def test_lists_lie_in_the_trust_folder(pki: TestPki, tmp_path: Path) -> None:
    trust_folder.save(with_list(pki, {4711: ISSUED}), tmp_path)
    (read,) = trust_folder.load(tmp_path).revocation_lists
    assert read.crl.get_revoked_certificate_by_serial_number(4711) is not None
    (tmp_path / "crl" / "broken.crl").write_bytes(b"noise")
    with pytest.raises(TrustError, match=r"broken\.crl"):
        trust_folder.load(tmp_path)


# ---------------------------------------------------------------------------------------------- the holder


def said(pki: TestPki, **attributes: str) -> x509.Certificate:
    usual = {"1": "架空　花子", "3": "2", "4": "319850401", "5": "架空県"} | {k[1:]: v for k, v in attributes.items()}
    key = pki.keys.rsa("cards/990000000000001/signing").public_key()
    kept = {number: text for number, text in usual.items() if text}
    return pki.own.signing.issue("TEST", key, ISSUED, UNTIL, signs=True, attributes=kept)


@pytest.mark.parametrize(
    ("digits", "era", "birth"),
    [
        ("319850401", 3, date(1985, 4, 1)),
        ("520190501", 5, date(2019, 5, 1)),
        ("019500101", 0, date(1950, 1, 1)),
        ("319450000", 3, None),  # only the year is known
        ("000000000", 0, None),
    ],
)
def test_birthdays_of_the_register(pki: TestPki, digits: str, era: int, birth: date | None) -> None:
    found = holder(said(pki, _4=digits))
    assert (found.era, found.birth) == (era, birth)


def test_characters_that_stand_in_for_others(pki: TestPki) -> None:
    found = holder(said(pki, _2="00001", _6="100"))
    assert (found.name_substitutes, found.address_substitutes) == ((4,), (0,))


@pytest.mark.parametrize(
    "attributes", [{"_1": ""}, {"_5": ""}, {"_4": "1985"}, {"_4": "919850401"}, {"_4": "３１９８５０４０１"}]
)
def test_a_certificate_that_does_not_say_whose_it_is(pki: TestPki, attributes: dict[str, str]) -> None:
    with pytest.raises(NotReadableError):
        holder(said(pki, **attributes))


@pytest.mark.parametrize("value", [b"", b"\x0c", b"\x0c\x05abc", b"\x04\x01a", b"\x0c\x02\xff\xff"])
def test_an_attribute_that_is_no_text(pki: TestPki, value: bytes) -> None:
    own = pki.own.signing
    key = pki.keys.rsa("cards/990000000000001/signing").public_key()
    name = x509.SubjectAlternativeName([x509.OtherName(x509.ObjectIdentifier(sim_pki.ARC + "1"), value)])
    builder = sim_pki._certificate(own.certificate.subject, own.certificate.subject, key, ISSUED, UNTIL)
    try:
        certificate = builder.add_extension(name, critical=False).sign(own.key, SHA256())
        _ = certificate.extensions
    except ValueError:
        return  # not even an otherName: it is no certificate
    with pytest.raises(NotReadableError):
        holder(certificate)


def test_a_long_address_is_read(pki: TestPki) -> None:
    address = "架空県試験市" * 20
    assert len(utf8(address)) > 0x80
    assert holder(said(pki, _5=address)).address == address


def test_lists_that_fuzzing_made_are_no_lists(pki: TestPki) -> None:
    """A version of the future, and a name with a bit string in it: the library has errors of its own for them."""
    own = pki.own.authentication
    good = own.revoke({}, ISSUED, UNTIL).public_bytes(Encoding.DER)
    for sound, spoilt in ((b"\x02\x01\x01", b"\x02\x01\x09"), (b"\x0c\x0fJPKI-TEST-LOCAL", b"\x03\x0fJPKI-TEST-LOCAL")):
        data = good.replace(sound, spoilt, 1)
        assert data != good
        with pytest.raises(NotReadableError):
            crl.load(data, [own.certificate])
