"""Runs the uplink: a round whenever the daemon rings, and at least every few seconds; for ever, whatever fails."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import httpx
import msgspec
import tenacity

from appliance.config import BUNDLES_FOLDER, HATCH_SOCKET, TLS_FOLDER, Config, driver, read_config
from appliance.sealed import LockedError
from appliance.uplink import courier
from appliance.uplink.asker import Asker
from appliance.uplink.certificate import Tls
from appliance.uplink.courier import HatchError
from appliance.uplink.fetcher import Fetcher
from appliance.uplink.hatch import HttpHatch
from appliance.uplink.neighbour import HttpCall, Neighbour
from sync.client import HttpCentre, RefusedError, UnreachableError
from sync.messages import Why

log = logging.getLogger("uplink")

_WAIT_FIRST_S = 0.5
_LOCKED_S = 60.0
ASK_S = 0.35  # a little less than a unit waits for the answer


class Uplink:
    """The courier's day."""

    def __init__(
        self, config: Config, unit: str, tls: Tls, hatch: HttpHatch, stop: threading.Event, *, as_json: bool = False
    ) -> None:
        self._config = config
        self._unit = unit
        self._tls = tls
        self._hatch = hatch
        self._stop = stop
        self._as_json = as_json
        self._connect()
        self._is_busy = threading.Event()
        self._asker = Asker(HttpHatch(HATCH_SOCKET), lambda: self._quick, stop)
        self._fetcher = Fetcher(
            HttpHatch(HATCH_SOCKET),
            lambda: self._slow,
            Path(BUNDLES_FOLDER),
            config.uplink.update_kib_s,
            stop,
            lambda: self._is_busy.is_set() or self._asker.is_asking.is_set(),
            config.uplink.interval_s,
        )
        mono, twin = driver(config, "clock").mono, config.twin
        self._neighbour = Neighbour(
            *(HttpHatch(HATCH_SOCKET), HttpCall(mono), mono, stop),
            address=twin.neighbour,
            every_s=twin.every_s,
            look_s=twin.look_s,
            idle_s=config.uplink.interval_s,
        )

    def run(self) -> None:
        """Go round until told to stop. Failures are retried with a growing, scattered pause, and never given up."""
        patiently = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((UnreachableError, HatchError, RefusedError)),
            wait=tenacity.wait_random_exponential(multiplier=_WAIT_FIRST_S, max=self._config.uplink.retry_max_s),
            sleep=tenacity.sleep_using_event(self._stop),
            stop=tenacity.stop_when_event_set(self._stop),
            before_sleep=_say,
        )
        self._asker.start()
        self._fetcher.start()
        self._neighbour.start()
        try:
            while not self._stop.is_set():
                patiently(self._one_round)
                patiently(self._hatch.wait_for_bell, self._config.uplink.interval_s)
        except tenacity.RetryError:
            log.info("stopped")

    def _one_round(self) -> None:
        self._is_busy.set()
        try:
            self._go()
        finally:
            self._is_busy.clear()

    def _go(self) -> None:
        self._tls.pass_by(self._hatch.question().town_ms)
        if self._tls.runs_out():
            self._renew()
        done = courier.go(self._hatch, self._centre, self._stop.is_set)
        if done.delivered or done.fetched or done.given_back:
            log.info("delivered=%d fetched=%d given_back=%d", done.delivered, done.fetched, done.given_back)
            self._print(done)
        if done.problem and done.problem.type == Why.EXPIRED:  # our clock is late
            self._renew()
        elif done.problem:
            log.warning("the centre refused: %s: %s", done.problem.title, done.problem.detail)

    def _print(self, done: courier.Round) -> None:
        if self._as_json:
            line = {"schema": "machi.unit.uplink/1", **msgspec.to_builtins(done)}
            print(msgspec.json.encode(line).decode(), flush=True)  # noqa: T201 - what --json asks for

    def _renew(self) -> None:
        """Fetch a fresh certificate; the old one may have run out already, so the journal's key vouches for us."""
        request = self._hatch.certify(self._tls.request(self._unit), self._tls.certificate())
        with self._client(with_certificate=False) as http:
            fresh = HttpCentre(http).renew(request)
        self._tls.keep(fresh.certificate, fresh.ca)
        self._connect()
        log.info("a fresh certificate, good until %s", self._tls.ends())

    def _connect(self) -> None:
        self._centre = HttpCentre(self._client(with_certificate=True))
        self._quick = HttpCentre(self._client(with_certificate=True, timeout_s=ASK_S))
        self._slow = HttpCentre(self._client(with_certificate=True))

    def _client(self, *, with_certificate: bool, timeout_s: float | None = None) -> httpx.Client:
        return httpx.Client(
            base_url=self._config.uplink.url,
            verify=self._tls.context(with_certificate=with_certificate),
            timeout=timeout_s or self._config.uplink.timeout_s,
            trust_env=False,
        )


def _say(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0
    log.info("%s; again in %.1f s", error, pause)


def run(folder: Path, *, as_json: bool = False) -> None:
    """Run the uplink of the unit in a folder until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    config = read_config(folder)
    os.chdir(folder)  # the path of a Unix socket must be short
    tls = Tls(Path(TLS_FOLDER))
    try:
        uplink = Uplink(config, tls.unit(), tls, HttpHatch(HATCH_SOCKET), stop, as_json=as_json)
    except LockedError:
        stop.wait(_LOCKED_S)  # the daemon's page says it; no start within a moment changes it
        raise
    uplink.run()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
