"""What Prometheus reads, by Prometheus' own tool; and that dashboard, rules and manual name what is served."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from central.centre import Centre
from central.console.live import Bell
from central.console.metrics import TYPE
from central.world import Room
from drivers.clock.sim import Driver as Clock
from sync.accounts import Scope
from sync.messages import Report
from sync.symptoms import Grade, Symptom, What, spell
from tests.central.pen import Pen, touch, visited
from tests.central.visiting import Browser, token_of

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
MANUAL = Path(__file__).parents[2] / "docs" / "alarms.md"
NAME = re.compile(r"\bmachitap_\w+")
CARD = "5e" * 16


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Centre, Pen]]:
    with visited(tmp_path_factory.mktemp("town")) as found:
        yield found


@pytest.fixture
def browser(town: tuple[Centre, Pen]) -> Iterator[Browser]:
    bell = Bell()
    bell.close()
    with Browser(town[0], bell, room=lambda: Room(4 << 30, 100 << 30)) as one:
        yield one


def token(browser: Browser) -> dict[str, str]:
    """Let Prometheus in; that is written down and added up at once, as everything before it."""
    return token_of(browser.centre, "prometheus", Scope.METRICS)


def scraped(browser: Browser, shown: dict[str, str] | None = None) -> str:
    answer = browser.get("/metrics", **(shown or token(browser)))
    assert answer.status_code == httpx.codes.OK
    assert answer.headers["content-type"] == TYPE
    return answer.text


def values(text: str) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def served(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (machitap_\w+) ", text, re.MULTILINE))


def promtool(*words: str | Path, given: str = "") -> None:
    """Let Debian's promtool judge something."""
    judged = subprocess.run(["promtool", *words], input=given, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert not judged.stderr, judged.stderr


def test_prometheus_reads_what_the_centre_knows(town: tuple[Centre, Pen], browser: Browser) -> None:
    centre, pen = town
    clock = centre.town.clock
    assert isinstance(clock, Clock)
    now_s = clock.wall_ms() / 1_000
    ill = (
        Symptom(What.HOT, Grade.ACT, 85),
        Symptom(What.READER_DIRTY, Grade.SEE, 12),
        Symptom("of-tomorrow", Grade.ACT),
    )
    report = Report(unsent=3, oldest_ms=clock.wall_ms() - 9_000, clock="unknown", symptoms=spell(ill))
    centre.intake.holdings(type(pen.peer)("lib01", 1, clock.wall_ms() + 86_400_000), report, "0b")
    text = scraped(browser)
    promtool("check", "metrics", given=text)
    found, of = values(text), '{unit="lib01"}'
    assert found[f"machitap_unit_entries_total{of}"] == 3
    assert found[f"machitap_unit_unsent_entries{of}"] == 3
    assert found[f"machitap_unit_last_contact_timestamp_seconds{of}"] == pytest.approx(now_s)
    assert found[f"machitap_unit_last_entry_timestamp_seconds{of}"] == pytest.approx(now_s)
    assert found[f"machitap_unit_oldest_unsent_timestamp_seconds{of}"] == pytest.approx(now_s - 9)
    assert found[f"machitap_unit_certificate_expiry_timestamp_seconds{of}"] == pytest.approx(now_s + 86_400)
    assert found[f"machitap_unit_temperature_celsius{of}"] == 85
    assert found[f"machitap_unit_read_failures_ratio{of}"] == pytest.approx(0.12)
    assert found[f"machitap_unit_clock_vouched{of}"] == 0
    assert found['machitap_unit_symptom{grade="act",symptom="hot",unit="lib01"}'] == 1
    assert found['machitap_troubles{grade="act",kind="certificate"}'] == 1
    assert found['machitap_troubles{grade="act",kind="room"}'] == 1
    assert found['machitap_troubles{grade="act",kind="silent"}'] == 0
    assert found["machitap_centre_disk_free_bytes"] == 4 << 30
    assert found["machitap_centre_waiting_segments"] == 0
    assert "of-tomorrow" not in text, "a label has no values that others choose"


def test_a_delivery_waits_until_it_is_added_up(town: tuple[Centre, Pen], browser: Browser) -> None:
    (centre, pen), shown = town, token(browser)
    before = values(scraped(browser, shown))
    assert before["machitap_centre_waiting_segments"] == 0
    pen.send(pen.write(touch()))
    found = values(scraped(browser, shown))
    assert found["machitap_centre_waiting_segments"] == 1
    assert found["machitap_centre_segments_total"] == before["machitap_centre_segments_total"] + 1
    centre.reconciler.catch_up()
    assert values(scraped(browser, shown))["machitap_centre_waiting_segments"] == 0


def test_no_card_and_no_person_is_a_label(browser: Browser) -> None:
    text = scraped(browser)
    assert CARD not in text
    assert CARD[:8] not in text
    labels = set(re.findall(r"[{,](\w+)=", text))
    assert labels <= {"unit", "place", "counter", "state", "software", "symptom", "grade", "kind"}


# ---- the examples


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((EXAMPLES / "grafana" / "machitap.json").read_bytes())
    return found


def queries() -> list[str]:
    return [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]


def test_the_dashboard_asks_for_all_that_is_served_and_for_nothing_else(browser: Browser) -> None:
    (variable,) = [one for one in dashboard()["templating"]["list"] if one["type"] == "query"]
    asked = {name for query in [*queries(), variable["query"]["query"]] for name in NAME.findall(query)}
    assert asked == served(scraped(browser))


def test_promtool_reads_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries())]
    assert len(rules) > 20
    file = tmp_path / "queries.yml"
    file.write_bytes(msgspec.json.encode({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    promtool("check", "rules", file)


def test_the_rules_name_what_is_served(browser: Browser) -> None:
    asked = set(NAME.findall((EXAMPLES / "prometheus" / "alerts.yml").read_text()))
    assert asked
    assert asked <= served(scraped(browser))


def test_the_configuration_and_the_rules_are_as_prometheus_wants_them(tmp_path: Path) -> None:
    token = tmp_path / "machitap.token"
    token.write_text("secret")
    for name in ("prometheus.yml", "alerts.yml"):
        text = (EXAMPLES / "prometheus" / name).read_text()
        (tmp_path / name).write_text(text.replace("/etc/prometheus/machitap.token", str(token)))
    promtool("check", "config", tmp_path / "prometheus.yml")


@pytest.mark.parametrize(
    ("series", "alert", "at"),
    [
        ('up{job="machitap"}', "MachitapCentreAway", "0x20"),
        ('machitap_troubles{grade="act",kind="silent"}', "MachitapNeedsSomebody", "2x20"),
        ("machitap_centre_waiting_segments", "MachitapCentreBehind", "501x60"),
    ],
)
def test_a_rule_speaks_when_it_should_and_not_before(tmp_path: Path, series: str, alert: str, at: str) -> None:
    first, _, count = at.partition("x")
    well = "1" if series.startswith("up") else "0"
    tests = f"""
rule_files: [{EXAMPLES / "prometheus" / "alerts.yml"}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: [{{series: '{series}', values: '{well}x10 {first}x{count}'}}]
    alert_rule_test: [{{eval_time: 10m, alertname: {alert}, exp_alerts: []}}]
    promql_expr_test:
      - expr: count(ALERTS{{alertname="{alert}", alertstate="firing"}})
        eval_time: {11 + int(count) - 2}m
        exp_samples: [{{labels: '{{}}', value: 1}}]
"""
    file = tmp_path / "tests.yml"
    file.write_text(tests)
    promtool("test", "rules", file)


def test_the_manual_lists_every_metric(browser: Browser) -> None:
    listed = set(re.findall(r"`(machitap_\w+)`", MANUAL.read_text()))
    assert listed == served(scraped(browser))
