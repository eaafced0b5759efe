"""Points for what is paid, at a shop's unit without a network, and in the books beside the payment's own points."""

from programs.coin.rules import PAY, REFUND, VOID
from programs.coin.terms import Terms
from programs.points.activating import activate, propose
from programs.points.entries import Once, Plan, Rule
from programs.points.settling import settle
from sync.program import DAY_MS, JAPAN_MINUTES, MINUTE_MS, Wish
from tests.programs.coin.street import Street


def test_a_shop_says_points_on_top_of_the_payments_own_and_what_is_void_loses_them() -> None:
    street = Street()
    centre = street.centre.centre
    centre.registrar.say([Terms(points_per_100_yen=10)])
    today = (street.clock.wall_ms() + JAPAN_MINUTES * MINUTE_MS) // DAY_MS
    fish = Rule("fish", 2, ("fish",), once=Once.TOUCH, from_yen=500, per_yen=100, person_day=20)
    activate(centre, propose(centre, Plan(today + 1, (fish, Rule("come", 5))), "山田").id, "佐藤")
    street.clock.advance(86_400)
    street.give("shop01", 3_000)
    unit = street.units["shop01"]

    def paid(yen: int, message: str = "COI-020") -> tuple[str, dict[str, int | str]]:
        street.clock.advance(90)
        assert street.hold("shop01", Wish(PAY, yen)) == message
        return street.last, unit.shown[-1].values

    small, _ = paid(480)
    assert "さらに" not in unit.shown[-1].ja
    first, values = paid(700)
    assert (values["points"], values["pt"]) == (70, 14)
    assert unit.shown[-1].ja == "700円 いただきました。70ポイントつきました。 お店の買い物で さらに +14ポイント"
    assert unit.shown[-1].short == "済+14"
    _, values = paid(800)
    assert values["pt"] == 6, "up to the most of a day"
    street.talk("shop01")
    assert [one.points for one in settle(centre).booked] == [20]
    own = (480 // 100 + 700 // 100 + 800 // 100) * 10
    assert street.balance(f"points/{street.name}") == own + 20, "both, and neither twice"

    street.clock.advance(90)
    assert street.hold("shop01", Wish(VOID, 0, first)) == "COI-043"
    assert "pt" not in unit.shown[-1].values
    _, values = paid(900)
    assert values["pt"] == 4, "16 for ¥800, now that the first one was not"
    street.talk("shop01")
    assert settle(centre).booked == (), "20 it is again: 16 and 4"
    street.clock.advance(90)
    assert small != first
    assert street.hold("shop01", Wish(REFUND, 100, small)) == "COI-071", "nobody is signed in who may"
    street.books()
