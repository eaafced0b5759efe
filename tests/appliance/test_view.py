"""What stands beside a result is brought up to date, and the result is neither shown anew nor taken away."""

import asyncio

from appliance.counter import words_folders
from appliance.feedback import Feedback
from appliance.screen.board import Board, Key, Till, View
from appliance.view import Viewer
from appliance.words import load
from drivers.clock.sim import Driver as Clock
from drivers.light.sim import Driver as Light
from drivers.sound.sim import Driver as Sound
from sync.program import NO_WISH, Result


def test_a_notice_and_a_receipt_come_beside_a_result() -> None:
    board, words = Board(), load(*words_folders())
    viewer = Viewer(board, words, Clock())
    viewer.till = lambda: Till("shop", ("pay",), NO_WISH, 0)
    viewer.state(None)
    shown = Feedback(Light(), Sound(), words, viewer.result).show(Result.OK_PAY, "COI-022", {"yen": 500})
    before = board.view
    viewer.notice = lambda: "PRN-001"
    viewer.till = lambda: Till("shop", ("pay",), NO_WISH, 12_345, receipt="shop01/0/2")
    viewer.state(None)
    view = board.view
    assert (view.number, view.shown, view.notice) == (before.number, shown, words["PRN-001"])
    assert view.till == Till("shop", ("pay",), NO_WISH, 0, receipt="shop01/0/2"), "how long it stays set is as it was"
    viewer.notice = lambda: None
    viewer.beside()
    assert (board.view.notice, board.view.shown) == (None, shown)


def test_a_counter_that_comes_or_goes_takes_an_old_result_with_it() -> None:
    """An office may make a unit a desk at any time, and its page for staff is there by what is shown."""
    board, words = Board(), load(*words_folders())
    viewer = Viewer(board, words, Clock())
    viewer.state(None)
    feedback = Feedback(Light(), Sound(), words, viewer.result)
    made: list[Till | None] = [None]
    viewer.till = lambda: made[-1]
    for now in (Till("desk", ("charge",), NO_WISH, 0), None):
        feedback.show(Result.OK_PAY, "COI-022", {"yen": 500})
        made.append(now)
        viewer.state(None)
        assert (board.view.till, board.view.shown) == (now, None)


def test_a_key_goes_to_the_page_that_was_opened_last_and_to_nobody_later() -> None:
    """Two pages that both press "close" would close twice."""

    async def pages() -> None:
        board = Board()
        board.press("1")
        board.attach(asyncio.get_running_loop())
        first, second = board.views(), board.views()
        assert isinstance(await anext(first), View)
        assert isinstance(await anext(second), View)
        board.press("2")
        board.press("3")
        assert [await anext(second), await anext(second)] == [Key("2"), Key("3")]
        assert isinstance(await anext(first), View)
        await second.aclose()
        board.press("4")
        await asyncio.sleep(0)
        third = board.views()
        assert isinstance(await anext(third), View)
        board.publish(View(place="library"))
        assert isinstance(await anext(third), View), "no key of before"
        for page in (first, third):
            await page.aclose()

    asyncio.run(pages())
