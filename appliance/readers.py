"""Which card readers are there, as they and the service below them report it."""

import logging

from appliance.care import Care
from drivers.reader import CardLeft, ReaderCame, ReaderHung, ReaderLeft, ServiceBack, ServiceLost

log = logging.getLogger("unit")

News = CardLeft | ReaderCame | ReaderHung | ReaderLeft | ServiceBack | ServiceLost


class Readers:
    """Follows the readers, and lets the unit's care for itself know.

    Attributes:
        names: those that are there.
        service: the service below them answers.
    """

    def __init__(self, care: Care) -> None:
        self._care = care
        self.names: set[str] = set()
        self.service = True

    def hear(self, news: News) -> None:
        match news:
            case CardLeft():
                return
            case ReaderCame(reader):
                self.names.add(reader)
            case ReaderHung(reader):
                log.warning("reader hung: %s", reader)
                self._care.reader_hung()
                return
            case ReaderLeft(reader):
                self.names.discard(reader)
                log.warning("reader gone: %s", reader)
            case ServiceLost(why):
                self.service = False
                self.names.clear()
                log.warning("reader service gone: %s", why)
            case ServiceBack():
                self.service = True
                log.info("reader service back")
        self._care.readers_are(there=bool(self.names))
