"""One small draw with real randomness: round 1000 of drand's quicknet, of 23 August 2023, whose signature is public."""

from pathlib import Path

from central.centre import Centre
from drivers.clock.sim import Driver as Clock
from programs.lottery.beacon import time_of
from programs.lottery.documents import Frozen, Transcript
from programs.lottery.entries import Prize
from programs.lottery.giving import Wanted, give
from programs.lottery.publishing import documents
from programs.lottery.running import APART_S, Plan, announce, close, confirm, propose
from sync.facts import CardState

ROUND = 1000
SIGNATURES = {
    123: "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    1001: "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41",
    1002: "ab066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9eb05843c6308ce2530b53a99c0281a6e",
}
CLOSE_S = time_of(ROUND) - APART_S
BEFORE_S = CLOSE_S - 86_400
CARD = "0a" * 16
PLAN = Plan(
    draw="spring",
    title_ja="春の抽選会",
    title_en="Spring draw",
    basis="joint",
    sales_yen=12_000_000,
    prizes=(Prize("ます寿し", "Trout sushi", 3_000, 2), Prize("バタバタ茶", "Tea", 800, 3)),
    close_at=CLOSE_S,
    alternates=2,
    cost_points=100,
    cap=10,
    round=ROUND,
)
WANTED = [Wanted(f"paper-{number:02d}", 1 + number % 4) for number in range(30)]


def clock_at(at_s: int) -> Clock:
    return Clock(Clock.Options(wall_ms=at_s * 1000))


def closed(centre: Centre, clock: Clock, plan: Plan = PLAN) -> Frozen:
    """Announce, give out tickets to a card and to thirty sheets of paper, and freeze."""
    announce(centre, plan)
    centre.registrar.set_card(CARD, CardState.ACTIVE)
    give(centre, plan.draw, [Wanted(CARD, 3), *WANTED])
    clock.advance(plan.close_at - clock.wall_ms() / 1000)
    return close(centre, plan.draw)


def draw_winners(centre: Centre, draw: str, signature: str) -> Transcript:
    """Let one officer say so, and another one confirm it."""
    propose(centre, draw, signature, "hanako")
    return confirm(centre, draw, "jiro")


def drawn(centre: Centre, clock: Clock) -> Transcript:
    closed(centre, clock)
    clock.advance(APART_S)
    return draw_winners(centre, PLAN.draw, SIGNATURES[ROUND])


def publish(centre: Centre, folder: Path) -> Path:
    """Write what is published of the draw."""
    folder.mkdir(exist_ok=True)
    with centre.reconciler.counted() as connection:
        for name, content in documents(connection, PLAN.draw).items():
            (folder / name).write_bytes(content)
    return folder
