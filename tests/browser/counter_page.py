"""A counter's page behind a web server of its own, without a unit: tests say what it is told."""

import asyncio

from starlette.types import ASGIApp

from appliance.counter import words_folders
from appliance.feedback import Feedback
from appliance.papers import NoReceiptError
from appliance.screen import codes
from appliance.screen.app import create_screen
from appliance.screen.board import Board, Till
from appliance.view import Viewer
from appliance.words import load
from drivers.clock.sim import Driver as Clock
from drivers.light.sim import Driver as Light
from drivers.sound.sim import Driver as Sound
from sync.program import NO_WISH, Wish
from tests.browser.serving import Serving

SIZES = {"7 inch": (800, 480), "standing": (480, 800), "bus": (1024, 600)}
TEXTS = {"receipt": "MACHIR1:" + "A" * 240, "bill": "000201" + "A" * 200}


class CounterPage:
    """A counter's page behind a web server of its own."""

    def __init__(self) -> None:
        self.board, self.words = Board(), load(*words_folders())
        self.viewer = Viewer(self.board, self.words, Clock())
        self.viewer.place = lambda: ("魚屋まるい", "Marui")
        self.feedback = Feedback(Light(), Sound(), self.words, self.viewer.result)
        self.serving = Serving()
        self.asked: list[str] = []

    def open(self) -> None:
        async def text(name: str) -> str:
            return TEXTS[name]

        async def again(entry: str) -> None:
            self.asked.append(entry)
            if len(self.asked) > 1:
                raise NoReceiptError("no paper here")

        def make() -> ASGIApp:
            self.board.attach(asyncio.get_running_loop())
            screen = create_screen(self.board, lambda: "shop01/0/1")
            screen.routes.extend(codes.routes(lambda: text("receipt"), lambda: text("bill"), again))
            return screen

        self.serving.start(make)

    def till(self, wish: Wish = NO_WISH, left_ms: int = 0, **more: object) -> None:
        self.viewer.till = lambda: Till("shop", ("pay", "void"), wish, left_ms, **more)  # type: ignore[arg-type]
