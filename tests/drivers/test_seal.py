"""What is sealed on one board opens on no other: by systemd's own program, with a TPM of software, and simulated."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.otp import KEY_BYTES, OtpError
from drivers.otp.pi import Driver as Pi
from drivers.otp.sim import Driver as SimOtp
from drivers.seal import Holder, Seal, SealError
from drivers.seal.creds import Driver as Creds
from drivers.seal.none import Driver as Nothing
from drivers.seal.sim import Driver as Sim
from tests.drivers.swtpm import chip, lacks_swtpm
from tests.fault.machine import lacks_root, need
from tests.ports import free_port

SECRET = b"-----BEGIN PRIVATE KEY-----\n" + bytes(range(256))


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Creds]:
    """Return what starts a host anew: what it does not keep is gone, as in an image."""
    need(lacks_root(), lacks_swtpm())
    (tmp_path / "kept").mkdir()

    def begin(kept: str = "kept", board_key: bytes | None = None) -> Creds:
        place = tmp_path / "memory" / "credential.secret"
        place.unlink(missing_ok=True)
        monkeypatch.setenv("SYSTEMD_CREDENTIAL_SECRET", str(place))
        driver = Creds(Creds.Options(host_key=str(place), kept=str(tmp_path / kept)))
        driver.ready(board_key)
        return driver

    return begin


@pytest.fixture(params=["sim", "creds"])
def seal(request: pytest.FixtureRequest) -> Iterator[Seal]:
    if request.param == "sim":
        yield Sim()
        return
    yield request.getfixturevalue("host")()


def test_what_is_sealed_opens_under_its_name_and_shows_nothing(seal: Seal) -> None:
    sealed = seal.seal("unit.key", SECRET)
    assert seal.seals
    assert seal.open("unit.key", sealed) == SECRET
    for form in (sealed, base64.b64decode(sealed) if seal.holder(sealed) is Holder.HOST else b""):
        assert SECRET[:16] not in form
    with pytest.raises(SealError):
        seal.open("device.key", sealed)
    with pytest.raises(SealError):
        seal.open("unit.key", sealed[:-8] + b"AAAAAAAA")


def test_a_simulated_board_opens_nothing_of_another_and_nothing_without_its_chip() -> None:
    seal, other = Sim(), Sim(Sim.Options(board="another"))
    sealed = seal.seal("unit.key", SECRET)
    with pytest.raises(SealError, match="not sealed on this board"):
        other.open("unit.key", sealed)
    seal.is_gone = True
    with pytest.raises(SealError, match="no TPM answers"):
        seal.open("unit.key", sealed)


def test_the_hosts_key_is_kept_where_the_system_keeps_nothing(host: Callable[..., Creds], tmp_path: Path) -> None:
    sealed = host().seal("unit.key", SECRET)
    assert host().open("unit.key", sealed) == SECRET, "after a start of either slot"
    assert (tmp_path / "kept" / "credential.secret").stat().st_mode & 0o077 == 0
    stranger = host("another")
    with pytest.raises(SealError):
        stranger.open("unit.key", sealed)
    driver = host()
    driver.forget()
    assert not (tmp_path / "kept" / "credential.secret").exists()
    with pytest.raises(SealError):
        host().open("unit.key", sealed)


def test_of_a_board_with_a_key_of_its_own_nothing_that_opens_lies_on_the_card(
    host: Callable[..., Creds], tmp_path: Path
) -> None:
    key, other = bytes(range(KEY_BYTES)), bytes(KEY_BYTES - 1) + b"\1"
    sealed = host(board_key=key).seal("unit.key", SECRET)
    assert host(board_key=key).open("unit.key", sealed) == SECRET, "made anew at each start"
    assert list((tmp_path / "kept").iterdir()) == []
    with pytest.raises(SealError):
        host(board_key=other).open("unit.key", sealed)
    with pytest.raises(SealError):
        host(kept="another").open("unit.key", sealed)


def test_a_key_that_is_burnt_later_changes_nothing_until_it_is_sealed_anew(host: Callable[..., Creds]) -> None:
    sealed = host().seal("unit.key", SECRET)
    driver = host(board_key=bytes(range(KEY_BYTES)))
    assert driver.open("unit.key", sealed) == SECRET
    driver.forget()
    with pytest.raises(SealError):
        host(board_key=bytes(range(KEY_BYTES))).open("unit.key", sealed)


def test_only_the_very_tpm_opens(tmp_path: Path) -> None:
    need(lacks_swtpm())
    port = free_port()
    with chip(tmp_path / "ours", port) as tpm:
        seal = Creds(Creds.Options(tpm=tpm))
        sealed = seal.seal("unit.key", SECRET)
        assert seal.holder(sealed) is Holder.TPM
        for _ in range(5):
            assert seal.open("unit.key", sealed) == SECRET
    with pytest.raises(SealError, match="TCTI"):
        seal.open("unit.key", sealed)
    with chip(tmp_path / "theirs", port), pytest.raises(SealError):
        seal.open("unit.key", sealed)
    with chip(tmp_path / "ours", port):
        assert seal.open("unit.key", sealed) == SECRET, "after it was without power"


def test_who_seals_nothing_says_so() -> None:
    assert not Nothing().seals
    with pytest.raises(SealError):
        Nothing().seal("unit.key", SECRET)


def test_bits_of_a_board_never_go_back() -> None:
    otp = SimOtp()
    assert otp.key() is None
    otp.burn(b"\x0f" * KEY_BYTES)
    otp.burn(b"\xf0" * KEY_BYTES)
    assert otp.key() == b"\xff" * KEY_BYTES
    otp.is_broken = True
    with pytest.raises(OtpError):
        otp.key()


@pytest.mark.parametrize(
    ("found", "key"), [(None, None), (bytes(KEY_BYTES), None), (bytes(range(KEY_BYTES)), bytes(range(KEY_BYTES)))]
)
def test_a_boards_key_as_the_kernel_gives_it(tmp_path: Path, found: bytes | None, key: bytes | None) -> None:
    path = tmp_path / "board_key"
    if found is not None:
        path.write_bytes(found)
    assert Pi(Pi.Options(path=str(path))).key() == key
    assert ("焼かれています" in Pi.probe(Pi.Options(path=str(path))).ja) == bool(key)


def test_half_a_key_is_none(tmp_path: Path) -> None:
    (tmp_path / "board_key").write_bytes(b"\1" * 16)
    with pytest.raises(OtpError, match="16 bytes"):
        Pi(Pi.Options(path=str(tmp_path / "board_key"))).key()
