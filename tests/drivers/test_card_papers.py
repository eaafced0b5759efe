"""What others have signed: certificates, credentials and records, good, altered, and made of noise."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA224, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.card import (
    CardError,
    ClockDoubtError,
    ExpiredCardError,
    ForgedCardError,
    NotReadableError,
    OtherCardError,
    PinBlockedError,
    PinLastTryError,
    PinWrongError,
    UnknownIssuerError,
    common,
    cvc,
    face,
    files,
    jpki,
    paper,
    pins,
    service_pass,
)
from drivers.card.channel import Channel
from drivers.card.jpki import certificates
from drivers.card.proofs import spki
from drivers.card.service_pass import credential
from drivers.card.sim import pki as sim_pki
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.issue import make
from drivers.card.sim.layout import Records, Secret, Transparent
from drivers.card.sim.pki import AUTH_POLICY, SIGN_POLICY, Authority, CvKey, TestPki
from drivers.card.sim.plan import Fault, Kind, Plan
from drivers.reader import Field

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NONCE = bytes(range(32))
BIRTH = date(1985, 4, 1)
BEGINS, ENDS = date(2024, 4, 1), date(2030, 3, 31)
POLICIES = frozenset({AUTH_POLICY})
Lay = Callable[..., Field]


def authentication(pki: TestPki, *, by: Authority | None = None, signs: bool = False) -> x509.Certificate:
    key = pki.keys.rsa("cards/990000000000001/authentication").public_key()
    return (by or pki.own.authentication).issue("TEST", key, BEGINS, ENDS, signs=signs)


# ---------------------------------------------------------------------------------------------- X.509


def test_a_certificate_is_believed_by_the_authority_that_signed_it(pki: TestPki) -> None:
    authorities = [pki.stranger.authentication.certificate, pki.own.authentication.certificate]
    assert len({authority.subject for authority in authorities}) == 1  # generations share one name
    certificate = authentication(pki)
    key = certificates.check(certificate, authorities, NOW, POLICIES)
    assert key.public_numbers() == certificate.public_key().public_numbers()  # type: ignore[union-attr]


def test_another_generation_of_the_same_name_is_unknown_not_forged(pki: TestPki) -> None:
    with pytest.raises(UnknownIssuerError):
        certificates.check(authentication(pki), [pki.stranger.authentication.certificate], NOW, POLICIES)
    with pytest.raises(UnknownIssuerError):
        certificates.check(authentication(pki), [], NOW, POLICIES)


def test_an_altered_certificate_is_forged(pki: TestPki) -> None:
    der = authentication(pki).public_bytes(Encoding.DER)
    altered = certificates.load(der[:-1] + bytes((der[-1] ^ 1,)))
    with pytest.raises(ForgedCardError):
        certificates.check(altered, [pki.own.authentication.certificate], NOW, POLICIES)


@pytest.mark.parametrize(
    ("now", "error"),
    [
        (datetime(2024, 3, 31, 14, 59, 59, tzinfo=UTC), ClockDoubtError),
        (datetime(2024, 3, 31, 15, 0, 0, tzinfo=UTC), None),
        (datetime(2030, 3, 31, 14, 59, 59, tzinfo=UTC), None),
        (datetime(2030, 3, 31, 15, 0, 0, tzinfo=UTC), ExpiredCardError),
        (None, None),
    ],
)
def test_validity_to_the_second(pki: TestPki, now: datetime | None, error: type[CardError] | None) -> None:
    authorities = [pki.own.authentication.certificate]
    if error is None:
        certificates.check(authentication(pki), authorities, now, POLICIES)
        return
    with pytest.raises(error):
        certificates.check(authentication(pki), authorities, now, POLICIES)


def test_an_expired_authority_ends_what_it_signed(pki: TestPki) -> None:
    key = pki.keys.rsa("cards/990000000000001/authentication").public_key()
    late = pki.own.authentication.issue("TEST", key, BEGINS, date(2105, 1, 1), signs=False)
    with pytest.raises(ExpiredCardError):
        certificates.check(late, [pki.own.authentication.certificate], datetime(2101, 1, 1, tzinfo=UTC), POLICIES)


def test_the_signing_certificate_is_not_taken_for_the_other(pki: TestPki) -> None:
    for policies in (POLICIES, frozenset({SIGN_POLICY})):
        with pytest.raises(ForgedCardError):
            certificates.check(authentication(pki, signs=True), [pki.own.authentication.certificate], NOW, policies)


def test_another_policy_is_refused(pki: TestPki) -> None:
    with pytest.raises(ForgedCardError, match="policy"):
        certificates.check(authentication(pki), [pki.own.authentication.certificate], NOW, frozenset({"1.2.3"}))


def test_a_certificate_that_does_not_say_what_it_is_for_is_refused(pki: TestPki) -> None:
    own = pki.own.authentication
    key = pki.keys.rsa("cards/990000000000001/authentication").public_key()
    bare = sim_pki._certificate(own.certificate.subject, own.certificate.subject, key, BEGINS, ENDS)
    with pytest.raises(ForgedCardError, match="what it is for"):
        certificates.check(bare.sign(own.key, SHA256()), [own.certificate], NOW, POLICIES)


def test_an_authority_s_own_certificate_is_no_card_s(pki: TestPki) -> None:
    own = pki.own.authentication.certificate
    with pytest.raises(ForgedCardError):
        certificates.check(own, [own], NOW, POLICIES)


def test_a_hash_that_we_do_not_take_makes_no_signature(pki: TestPki) -> None:
    own = pki.own.authentication
    key = pki.keys.rsa("cards/990000000000001/authentication").public_key()
    builder = sim_pki._certificate(own.certificate.subject, own.certificate.subject, key, BEGINS, ENDS)
    for algorithm, error in ((SHA224(), UnknownIssuerError), (SHA256(), ForgedCardError)):
        with pytest.raises(error):  # with a hash of ours the next check is reached: it does not say what it is for
            certificates.check(builder.sign(own.key, algorithm), [own.certificate], NOW, POLICIES)


def test_a_card_s_certificate_is_no_authority_s(pki: TestPki) -> None:
    own = pki.own.authentication
    key = pki.keys.rsa("cards/990000000000001/authentication").public_key()
    policy = x509.PolicyInformation(x509.ObjectIdentifier(AUTH_POLICY), None)
    for is_authority, error in ((False, None), (True, ForgedCardError)):
        builder = sim_pki._certificate(own.certificate.subject, own.certificate.subject, key, BEGINS, ENDS)
        builder = builder.add_extension(sim_pki._usage(digital_signature=True), critical=True)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        with pytest.raises(error) if error else contextlib.nullcontext():
            certificates.check(builder.sign(own.key, SHA256()), [own.certificate], NOW, POLICIES)


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_certificate_is_never_believed(pki: TestPki, data: st.DataObject) -> None:
    der = bytearray(authentication(pki).public_bytes(Encoding.DER))
    at = data.draw(st.integers(0, len(der) - 1))
    der[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CardError):
        certificates.check(certificates.load(bytes(der)), [pki.own.authentication.certificate], NOW, POLICIES)


def test_a_signature_has_one_spelling(pki: TestPki) -> None:
    """The same bits, of which it says that the last one is not used: the library takes both for one signature."""
    key = pki.keys.rsa("cards/990000000000001/authentication").public_key()
    every = (pki.own.authentication.issue(f"TEST{number}", key, BEGINS, ENDS, signs=False) for number in range(64))
    even = next(one for one in every if not one.signature[-1] & 1)
    der = even.public_bytes(Encoding.DER)
    other = der.removesuffix(b"\x00" + even.signature) + b"\x01" + even.signature
    assert certificates.load(der) == even
    assert x509.load_der_x509_certificate(other).signature == even.signature
    with pytest.raises(NotReadableError):
        certificates.load(other)


@given(st.binary(max_size=400))
def test_noise_is_no_certificate(noise: bytes) -> None:
    with pytest.raises(NotReadableError):
        certificates.load(noise)


# ---------------------------------------------------------------------------------------------- CV certificates


def roots(pki: TestPki) -> dict[bytes, RSAPublicKey]:
    return {pki.own.cv_root.key_id: pki.own.cv_root.key.public_key()}


def test_a_card_issuer_is_believed_by_its_root(pki: TestPki) -> None:
    data = pki.own.cv_root.certify(pki.own.card_issuer)
    assert len(data) == 568
    issuer = cvc.check(data + b"\xff\xff", roots(pki))
    assert cvc.words(issuer.key_id) == "9999921/000"
    assert issuer.key.public_numbers() == pki.own.card_issuer.key.public_key().public_numbers()


def test_an_unknown_root_is_not_a_bad_signature(pki: TestPki) -> None:
    data = pki.stranger.cv_root.certify(pki.own.card_issuer)
    with pytest.raises(UnknownIssuerError, match="9000099/001"):
        cvc.check(data, roots(pki))
    under_our_name = CvKey(pki.own.cv_root.key_id, pki.stranger.cv_root.key).certify(pki.own.card_issuer)
    with pytest.raises(ForgedCardError):
        cvc.check(under_our_name, roots(pki))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_cv_certificate_is_never_believed(pki: TestPki, data: st.DataObject) -> None:
    certificate = bytearray(pki.own.cv_root.certify(pki.own.card_issuer))
    certificate[data.draw(st.integers(0, len(certificate) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CardError):
        cvc.check(bytes(certificate), roots(pki))


@given(st.binary(max_size=700))
def test_noise_is_no_cv_certificate(noise: bytes) -> None:
    with pytest.raises(NotReadableError):
        cvc.check(noise, {})


# ---------------------------------------------------------------------------------------------- the pass


def a_credential(pki: TestPki, **other: object) -> credential.Credential:
    key = pki.keys.p256("cards/990000000000001/pass").public_key()
    return replace(credential.Credential("TEST-town.1", bytes(range(16)), BEGINS, ENDS, key), **other)  # type: ignore[arg-type]


DAYS = "2299 2B27"  # 2024-04-01 and 2030-03-31, counted from 2000-01-01


def test_the_credential_s_bytes_are_the_documented_ones(pki: TestPki) -> None:
    point = pki.keys.p256("cards/990000000000001/pass").public_key().public_numbers()
    modulus = pki.keys.rsa("cards/990000000000001/pass-rsa").public_key().public_numbers().n
    head = "0B" + b"TEST-town.1".hex() + bytes(range(16)).hex() + DAYS
    for key, body in (
        (a_credential(pki).key, f"03 {head} {2 + point.y % 2:02x}{point.x:064x}"),
        (pki.keys.rsa("cards/990000000000001/pass-rsa").public_key(), f"04 {head} {modulus:0512x}"),
    ):
        data = credential.issue(a_credential(pki, key=key), pki.own.pass_key)
        assert data[:-64] == bytes.fromhex(body)
        pki.own.pass_key.public_key().verify(data[-64:], b"machitap/pass-credential/1\0" + data[:-64])
        assert paper.length(data[:2]) == len(data)


@pytest.mark.parametrize("key", ["p256", "rsa"])
def test_a_credential_says_what_it_was_issued_with(pki: TestPki, key: str) -> None:
    name = "cards/990000000000001/pass"
    public = (pki.keys.p256(name) if key == "p256" else pki.keys.rsa(f"{name}-rsa")).public_key()
    issued = a_credential(pki, key=public)
    data = credential.issue(issued, pki.own.pass_key)
    assert len(data) == {"p256": 130, "rsa": 353}[key]
    assert service_pass.check(data + b"\xff" * 20, issuers(pki), NOW) == issued


def issuers(pki: TestPki) -> dict[str, Ed25519PublicKey]:
    return {"TEST-town.1": pki.own.pass_key.public_key()}


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "05"),  # another kind
        (1, "0A"),  # the reference cut short: all behind it moves
        (1, "FF"),
        (2, "FF"),  # no letter
        (2, "20"),
        (33, "00"),  # neither of the two signs of a compressed point
        (34, "FF" * 32),  # on no curve
    ],
)
def test_a_credential_of_another_form_is_refused(pki: TestPki, at: int, value: str) -> None:
    """Even if the town itself has signed it."""
    body = bytearray(credential.issue(a_credential(pki), pki.own.pass_key)[:-64])
    changed = bytes.fromhex(value)
    body[at : at + len(changed)] = changed
    signature = pki.own.pass_key.sign(b"machitap/pass-credential/1\0" + body)
    with pytest.raises(NotReadableError):
        service_pass.check(bytes(body) + signature, issuers(pki), NOW)


def test_a_credential_that_is_cut_short_is_refused(pki: TestPki) -> None:
    good = credential.issue(a_credential(pki), pki.own.pass_key)
    for end in range(len(good)):
        with pytest.raises(NotReadableError):
            service_pass.check(good[:end], issuers(pki), NOW)


def test_what_no_credential_can_say(pki: TestPki) -> None:
    keys = (
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(3, 2048),
        rsa.generate_private_key(65537, 3072),
    )
    others: list[dict[str, object]] = [{"key": key.public_key()} for key in keys]
    others += [{"card_id": bytes(15)}, {"begins": date(1999, 12, 31)}]
    for other in others:
        with pytest.raises(ValueError, match=r"bytes|bits|day"):
            credential.issue(a_credential(pki, **other), pki.own.pass_key)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_credential_is_never_believed(pki: TestPki, data: st.DataObject) -> None:
    good = credential.issue(a_credential(pki), pki.own.pass_key)
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(bad) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CardError):
        service_pass.check(bytes(bad), issuers(pki), NOW)


@given(st.binary(max_size=300))
def test_noise_is_no_credential(noise: bytes) -> None:
    for start in (b"", b"\x03\x0bTEST-town.1", b"\x04\x0bTEST-town.1"):
        with pytest.raises(CardError):
            service_pass.check(start + noise, {}, NOW)


@pytest.mark.parametrize("issuer", ["", "town", "town.", ".1", "TOWN.1", "test-town.1234", "x" * 17 + ".1", "a.1\n"])
def test_what_is_no_issuer_reference(pki: TestPki, issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        credential.issue(a_credential(pki, issuer=issuer), pki.own.pass_key)


# ---------------------------------------------------------------------------------------------- the card's record


def test_the_card_s_record(hanako: IsoCard, lay: Lay) -> None:
    record = common.read(Channel(lay(hanako)))
    assert record is not None
    assert (record.municipality, record.expires) == ("99999", date(2094, 4, 1))
    assert len(record.index) == 64


def test_a_card_without_the_record_has_none(pki: TestPki, lay: Lay) -> None:
    assert common.read(Channel(lay(make(Plan(kind=Kind.BANK), pki)))) is None


@pytest.mark.parametrize("record", [b"", b"\x01\x1c123", b"\x01\x03abc", b"\x02\x01A", b"\x01\x1c" + b"9" * 28])
def test_a_record_that_makes_no_sense_is_not_readable(hanako: IsoCard, lay: Lay, record: bytes) -> None:
    hanako.applications["common"].files[1] = Records([record])
    with pytest.raises(NotReadableError):
        common.read(Channel(lay(hanako)))


# ---------------------------------------------------------------------------------------------- the face application


@pytest.mark.parametrize(
    ("birth", "key"),
    [
        (date(1985, 4, 1), "600401"),
        (date(1980, 2, 17), "550217"),
        (date(1989, 1, 7), "640107"),
        (date(1989, 1, 8), "010108"),
        (date(2019, 4, 30), "310430"),
        (date(2019, 5, 1), "010501"),
        (date(1926, 12, 24), "151224"),
        (date(1926, 12, 25), "011225"),
        (date(1912, 7, 29), "450729"),
        (date(1912, 7, 30), "010730"),
    ],
)
def test_the_birthday_in_its_era(birth: date, key: str) -> None:
    assert face.birth_key(birth) == key


def test_the_birthday_in_the_western_calendar() -> None:
    assert face.birth_key(date(1985, 4, 1), western=True) == "850401"


def test_enrolment_learns_the_card_s_own_key(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    learned = face.enrol(Channel(lay(hanako)), BIRTH, roots(pki), NONCE)
    own = pki.keys.rsa("cards/990000000000001/face").public_key()
    assert learned.public_key == spki(own)
    assert learned.expires == date(2094, 4, 1)
    assert learned.evidence.message.endswith(NONCE)


def test_a_wrong_birthday_costs_tries_and_never_the_last(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    left = []
    for _ in range(2):
        with pytest.raises(PinWrongError) as error:
            face.enrol(Channel(lay(hanako)), date(1999, 9, 9), roots(pki), NONCE)
        left.append(error.value.tries_left)
    assert left == [2, 1]
    with pytest.raises(PinLastTryError):
        face.enrol(Channel(lay(hanako)), BIRTH, roots(pki), NONCE)
    secret = hanako.applications["face"].files[0x0011]
    assert isinstance(secret, Secret)
    secret.tries = 0
    with pytest.raises(PinBlockedError):
        face.enrol(Channel(lay(hanako)), BIRTH, roots(pki), NONCE)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNKNOWN_CA, UnknownIssuerError),
        (Fault.FORGED_CREDENTIAL, ForgedCardError),
        (Fault.FORGED_KEY, ForgedCardError),
    ],
)
def test_a_card_that_is_not_believed_is_not_enrolled(
    pki: TestPki, lay: Lay, fault: Fault, error: type[CardError]
) -> None:
    with pytest.raises(error):
        face.enrol(Channel(lay(make(Plan(faults=frozenset({fault})), pki))), BIRTH, roots(pki), NONCE)


def test_an_unknown_issuer_is_not_sent_the_birthday(pki: TestPki, lay: Lay) -> None:
    card = make(Plan(faults=frozenset({Fault.UNKNOWN_CA})), pki)
    assert isinstance(card, IsoCard)
    with pytest.raises(UnknownIssuerError):
        face.enrol(Channel(lay(card)), BIRTH, roots(pki), NONCE)
    assert ("face", 0x0011, 0x20) not in card.visited


def test_a_record_that_somebody_else_left_on_the_card_is_refused(pki: TestPki, lay: Lay) -> None:
    """A card that opens for any birthday and shows the genuine record of another."""
    jiro = Plan(serial="990000000000003", birth=date(1990, 1, 2))
    card, other = make(jiro, pki), make(Plan(), pki)
    assert isinstance(card, IsoCard)
    assert isinstance(other, IsoCard)
    card.applications["face"].files[0x0001] = other.applications["face"].files[0x0001]
    shown = card.applications["face"].files[0x0001]
    assert isinstance(shown, Transparent)
    shown.access = frozenset({0x0011})
    with pytest.raises(ForgedCardError, match="somebody else"):
        face.enrol(Channel(lay(card)), date(1990, 1, 2), roots(pki), NONCE)


def test_only_a_my_number_card_is_enrolled(pki: TestPki, lay: Lay) -> None:
    with pytest.raises(OtherCardError):
        face.enrol(Channel(lay(make(Plan(kind=Kind.BANK), pki))), BIRTH, roots(pki), NONCE)


# ---------------------------------------------------------------------------------------------- JPKI, piece by piece


def test_what_the_jpki_application_says(pki: TestPki, hanako: IsoCard, lay: Lay) -> None:
    channel = Channel(lay(hanako))
    assert jpki.present(channel)
    assert jpki.token(channel) is jpki.Token.CARD
    assert jpki.certificates_present(channel) == (True, True)
    assert pins.tries(channel, files.AUTH_PIN) == 3
    subject = certificates.load(jpki.certificate(channel)).subject.rfc4514_string()
    assert subject == "CN=TEST990000000000001,C=JP"
    no_sign = Channel(lay(make(Plan(faults=frozenset({Fault.NO_SIGN_CERTIFICATE})), pki)))
    jpki.present(no_sign)
    assert jpki.certificates_present(no_sign) == (False, True)


@pytest.mark.parametrize(
    ("label", "token"),
    [
        (b"JPKIAPICCTOKEN2", jpki.Token.CARD),
        (b"JPKIAPICCTOKEN", jpki.Token.OLD_CARD),
        (b"JPKIAPGPSETOKEN\0\0", jpki.Token.ANDROID),
        (b"JPKIAPIOSTOKEN", jpki.Token.IPHONE),
        (b"JPKIAPICCTOKEN3", jpki.Token.UNKNOWN),
        (b"", jpki.Token.UNKNOWN),
    ],
)
def test_tokens_by_their_label(hanako: IsoCard, lay: Lay, label: bytes, token: jpki.Token) -> None:
    hanako.applications["jpki"].files[0x0006] = Transparent(label.ljust(160))
    channel = Channel(lay(hanako))
    jpki.present(channel)
    assert jpki.token(channel) is token


def test_a_file_is_read_without_its_filler(hanako: IsoCard, lay: Lay) -> None:
    channel = Channel(lay(hanako), service_pass.PassProfile().application())
    data = service_pass.read(channel, service_pass.PassProfile())
    content = hanako.applications["pass"].files[1]
    assert isinstance(content, Transparent)
    assert data == content.content.rstrip(b"\xff")
    assert data != content.content


def test_an_object_larger_than_any_of_ours_is_not_read(hanako: IsoCard, lay: Lay) -> None:
    hanako.applications["jpki"].files[0x000A] = Transparent(bytes.fromhex("3082FFF0") + bytes(0x7FFF))
    channel = Channel(lay(hanako))
    jpki.present(channel)
    with pytest.raises(NotReadableError):
        jpki.certificate(channel)
    assert channel.totals.apdus == 2


@pytest.mark.parametrize("content", [bytes.fromhex("3082010000"), b"\x30", b"", bytes.fromhex("0600")])
def test_a_certificate_file_that_ends_early_or_holds_none(hanako: IsoCard, lay: Lay, content: bytes) -> None:
    hanako.applications["jpki"].files[0x000A] = Transparent(content)
    channel = Channel(lay(hanako))
    jpki.present(channel)
    with pytest.raises(NotReadableError):
        certificates.load(jpki.certificate(channel))
