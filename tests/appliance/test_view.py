"""What stands beside a result is brought up to date, and the result is neither shown anew nor taken away."""

from appliance.counter import words_folders
from appliance.feedback import Feedback
from appliance.screen.board import Board, Till
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
