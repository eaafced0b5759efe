"""Children's tags of the test town: NTAG 424 DNA, whose file holds a new address each time it is read."""

import hashlib

from drivers.card import files
from drivers.card.sim.iso import IsoCard
from drivers.card.sim.layout import Application, Computed
from drivers.card.sim.plan import Plan
from drivers.card.tokens import sun
from drivers.card.tokens.sun import SunProfile

ADDRESS = "town.example/t?picc_data={data}&cmac={mac}"
_ATR = bytes.fromhex("3B8180018080")
_OPEN_KEY, _MASTER_KEY = (hashlib.sha256(b"virtual tags " + use).digest()[: sun.KEY_BYTES] for use in (b"open", b"mac"))
_TOWN = b"machi-test-town"
_NDEF_URI, _HTTPS = b"\xd1\x01", 0x04  # one short record of type "U" (NFC Forum RTD URI)
_PADDING_BYTES = 5


def profile() -> SunProfile:
    """Return what a unit needs to believe every tag of the test town."""
    return SunProfile(_OPEN_KEY, lambda uid: sun.diversified(_MASTER_KEY, uid, _TOWN))


def noise(plan: Plan, what: str, size: int) -> bytes:
    """Return bytes that follow from a plan's serial number."""
    return hashlib.sha256(f"virtual {what} {plan.serial}".encode()).digest()[:size]


def uid_of(plan: Plan) -> bytes:
    """Return a tag's number: 04 (NXP's mark), and six bytes."""
    return b"\x04" + noise(plan, "tag", sun.UID_BYTES - 1)


def make(plan: Plan) -> IsoCard:
    """Make a tag whose counter stands at `plan.counter`."""
    uid = uid_of(plan)
    key = sun.diversified(_MASTER_KEY, uid, _TOWN)
    reads = plan.counter

    def ndef() -> bytes:
        nonlocal reads
        reads += 1
        counter = reads.to_bytes(sun.COUNTER_BYTES, "little")
        data = sun.picc_data(_OPEN_KEY, uid, counter, noise(plan, f"padding {reads}", _PADDING_BYTES))
        address = ADDRESS.format(data=data.hex().upper(), mac=sun.mac_of(key, uid, counter).hex().upper())
        record = _NDEF_URI + bytes((len(address) + 1,)) + b"U" + bytes((_HTTPS,)) + address.encode()
        return len(record).to_bytes(2, "big") + record

    card = IsoCard(_ATR, [Application("tag", files.TAG.aid, {files.NDEF: Computed(ndef)})])
    card.number = uid
    return card
