"""A resident gets a ticket on the own phone, loses the network on the way, and sees what was won."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from programs.lottery.entries import Prize
from programs.lottery.running import Plan, announce
from programs.points.entries import Booked
from sync.facts import CardState
from sync.messages import OFFICE_STREAM
from tests.browser.test_accessible import AA
from tests.browser.test_resident import Town, handset, phone, step  # noqa: F401 - the same phone
from tests.programs.coin.street import Street

DAY_S = 86_400


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    street = Street(f"sqlite:///{tmp_path / 'town.db'}")
    one = Town(street)
    centre = one.centre
    close_s = centre.town.clock.wall_ms() // 1000 + DAY_S
    prizes = (Prize("ます寿し", "Trout sushi", 3_000, 1),)
    announce(
        centre,
        Plan("winter", "冬の抽選会", "Winter draw", "joint", prizes, close_s, 12_000_000, cost_points=100, cap=2),
    )
    centre.registrar.set_card(street.name, CardState.ACTIVE)
    with centre.reconciler.counted() as connection:
        centre.streams.append(connection, OFFICE_STREAM, [Booked(street.name, 2026 * 12 + 10, 150)])
    yield one
    one.serving.stop()
    for unit in street.units.values():
        unit.stop()
    centre.engine.dispose()


def test_a_ticket_is_asked_for_once_whatever_the_network_does(phone: Page) -> None:  # noqa: F811
    phone.get_by_role("button", name="抽選").click()
    step(phone, "draws")
    expect(phone.locator("#draws li")).to_contain_text("冬の抽選会")
    expect(phone.locator("#draws-points")).to_have_text("150")

    def gone(route: Route) -> None:
        route.fetch()  # it arrives, and the answer is lost
        route.abort()

    phone.route("**/ticket", gone)
    phone.get_by_role("button", name="1口 申し込む(100ポイント)").click()
    expect(phone.locator("#ticket-ask")).to_contain_text("「冬の抽選会」に1口、100ポイントで")
    phone.locator("#ticket-yes").click()
    expect(phone.locator("#draws-said")).to_contain_text("申し込めたかまだ分かりません")
    phone.unroute("**/ticket")
    phone.get_by_role("button", name="1口 申し込む(100ポイント)").click()
    phone.locator("#ticket-yes").click()
    expect(phone.locator("#draws-said")).to_contain_text("券の番号は P00001 です")
    expect(phone.locator("#draws-points")).to_have_text("50")
    phone.locator("#draws summary").click()
    expect(phone.locator("#draws details p")).to_have_text("P00001")
    step(phone, "draws")
    found = Axe().run(phone, options=AA).response["violations"]
    assert [node["html"] for one in found for node in one["nodes"]] == []
    phone.get_by_role("button", name="1口 申し込む(100ポイント)").click()
    phone.locator("#ticket-no").click()
    expect(phone.locator("#draws-points")).to_have_text("50")
    phone.get_by_role("button", name="1口 申し込む(100ポイント)").click()
    phone.locator("#ticket-yes").click()
    expect(phone.locator("#refused-ja")).to_contain_text("1口 100ポイントで、いまは 50ポイント")
    phone.locator("#refused-step [data-home]").click()
    expect(phone.locator("#points")).to_contain_text("50")
