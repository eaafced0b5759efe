"""Takes the place of libusb: one device of Sony's on the bus, made of bytes that come and go. Above it all is real."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Protocol, Self

import nfc.clf.device  # type: ignore[import-untyped]
import nfc.clf.transport  # type: ignore[import-untyped]
import pytest
import usb1  # type: ignore[import-untyped]

VENDOR = 0x054C
_IN, _OUT = 0x81, 0x02


class Device(Protocol):
    """What can be on the bus.

    Attributes:
        product, name: what it says that it is.
        is_plugged: the cable is in.
        is_forbidden: this user may not open it.
        opened: by how many it is open.
    """

    product: int
    name: str
    is_plugged: bool
    is_forbidden: bool
    opened: int

    def write(self, frame: bytes) -> None:
        """Take a frame from the host."""

    def read(self, timeout_ms: int) -> bytes:
        """Give the next frame to the host; 0 waits for ever, as libusb does."""


def plug(device: Device, patch: pytest.MonkeyPatch) -> None:
    """Put the device on the bus that nfcpy sees; its node in /dev may be used."""
    patch.setattr(nfc.clf.transport, "libusb", Libusb(device))
    may = SimpleNamespace(access=lambda *_: True, R_OK=4, W_OK=2)
    patch.setattr(nfc.clf.device, "os", may)


class _Endpoint:
    def __init__(self, address: int) -> None:
        self._address = address

    def getAddress(self) -> int:  # noqa: N802 - as libusb1 calls it, here and below
        return self._address

    def getAttributes(self) -> int:  # noqa: N802
        return int(usb1.TRANSFER_TYPE_BULK)

    def getMaxPacketSize(self) -> int:  # noqa: N802
        return 64


class _Handle:
    def __init__(self, device: Device) -> None:
        self._device = device

    def claimInterface(self, _: int) -> None:  # noqa: N802
        self._device.opened += 1

    def close(self) -> None:
        self._device.opened -= 1

    def bulkRead(self, _: int, length: int, timeout: int) -> bytes:  # noqa: N802
        data = self._device.read(timeout)
        assert len(data) <= length
        return data

    def bulkWrite(self, _: int, data: bytes, timeout: int) -> None:  # noqa: N802
        del timeout
        if data:  # an empty packet only ends a transfer
            self._device.write(data)


class _UsbDevice:
    def __init__(self, device: Device) -> None:
        self._device = device

    def getVendorID(self) -> int:  # noqa: N802
        return VENDOR

    def getProductID(self) -> int:  # noqa: N802
        return self._device.product

    def getBusNumber(self) -> int:  # noqa: N802
        return 1

    def getDeviceAddress(self) -> int:  # noqa: N802
        return 7

    def getManufacturer(self) -> str:  # noqa: N802
        return "SONY"

    def getProduct(self) -> str:  # noqa: N802
        return self._device.name

    def iterSettings(self) -> Iterator[Any]:  # noqa: N802
        yield SimpleNamespace(iterEndpoints=lambda: iter((_Endpoint(_OUT), _Endpoint(_IN))))

    def open(self) -> _Handle:
        if self._device.is_forbidden:
            raise usb1.USBErrorAccess
        return _Handle(self._device)


class Libusb:
    """What nfcpy uses of the module `usb1`, with one device on the bus."""

    def __init__(self, device: Device) -> None:
        outer = self

        class Context:
            def __enter__(self) -> Self:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def getDeviceList(self, **_: object) -> list[_UsbDevice]:  # noqa: N802
                return [_UsbDevice(outer.device)] if outer.device.is_plugged else []

            def exit(self) -> None:
                pass

        self.device = device
        self.USBContext = Context

    def __getattr__(self, name: str) -> object:
        return getattr(usb1, name)
