"""A real Prometheus scrapes the console with a tool's token, and answers every query of the dashboard."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.accounts import Scope
from sync.messages import Report
from tests.browser.serving import ConsoleServing
from tests.central.pen import visited
from tests.central.test_metrics import EXAMPLES, queries
from tests.central.visiting import token_of
from tests.ports import free_port, wait_for_port

WAIT_S = 30


@contextmanager
def prometheus(folder: Path, target: str, token: str) -> Iterator[httpx.Client]:
    """Start Debian's Prometheus on the example's configuration, which scrapes once a second here."""
    (folder / "token").write_text(token)
    text = (EXAMPLES / "prometheus" / "prometheus.yml").read_text()
    text = text.replace("/etc/prometheus/machitap.token", str(folder / "token"))
    text = text.replace("127.0.0.1:8080", target).replace("60s", "1s")
    (folder / "prometheus.yml").write_text(text)
    (folder / "alerts.yml").write_bytes((EXAMPLES / "prometheus" / "alerts.yml").read_bytes())
    port = free_port()
    where = [f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    words = ["prometheus", *where, f"--web.listen-address=127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log, subprocess.Popen(words, stdout=log, stderr=log) as process:
        try:
            wait_for_port(port, process)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
                yield http
        finally:
            process.terminate()
            process.wait(WAIT_S)


def ask(http: httpx.Client, query: str) -> list[dict[str, Any]]:
    answer = http.get("/api/v1/query", params={"query": query})
    assert answer.status_code == httpx.codes.OK, f"{query}: {answer.text}"
    assert answer.json()["status"] == "success"
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


@pytest.fixture
def scraped(tmp_path: Path) -> Iterator[httpx.Client]:
    with visited(tmp_path) as (centre, pen):
        centre.intake.holdings(pen.peer, Report(unsent=3), "0b")
        token = token_of(centre, "prometheus", Scope.METRICS)["Authorization"].removeprefix("Bearer ")
        console = ConsoleServing(centre).open()
        with prometheus(tmp_path, console.url.removeprefix("http://"), token) as http:
            yield http
        console.close()


def test_prometheus_reads_the_console_and_answers_the_dashboard(scraped: httpx.Client) -> None:
    until = time.monotonic() + WAIT_S
    while not ask(scraped, 'up{job="machitap"} == 1') and time.monotonic() < until:
        time.sleep(0.2)
    (entries,) = ask(scraped, "machitap_unit_entries_total")
    assert (entries["metric"]["unit"], entries["value"][1]) == ("lib01", "3")
    (unsent,) = ask(scraped, "sum(machitap_unit_unsent_entries)")
    assert unsent["value"][1] == "3"
    for query in queries():
        ask(scraped, query.replace("$unit", ".*"))
    rules = scraped.get("/api/v1/rules").json()["data"]["groups"][0]["rules"]
    assert len(rules) == 4
    assert [rule["lastError"] for rule in rules if rule.get("lastError")] == []
