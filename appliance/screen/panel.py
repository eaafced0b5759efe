"""The small display of a unit without a browser: the sign and the short word of what is on the board."""

from appliance.screen.board import View
from drivers.display import Display, Picture


class Panel:
    """Watches a board (`Board.watch`) and shows on a display what is put up there."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def show(self, view: View) -> None:
        """Show a view; returns at once."""
        invitation = "練習" if view.practice else _invitation(view)
        rest = Picture("closed", view.closed.short) if view.closed else Picture("idle", invitation)
        if view.shown:
            self._display.show(rest, Picture(view.shown.result, view.shown.short), view.shown.seconds)
        else:
            self._display.show(rest)


def _invitation(view: View) -> str:
    return view.invitation.short if view.invitation else ""
