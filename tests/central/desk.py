"""A clerk at the desk of a town with one resident, before the console."""

import json
from datetime import date
from pathlib import Path

import httpx

from central.reading import CardReading
from central.residents import books
from central.residents.books import Reading, Wanted
from central.residents.person import Person
from central.residents.standing import Standing
from drivers.clock.sim import Driver as Clock
from simulation.centre import name_place, open_sim_centre
from sync.accounts import Role
from sync.residents import Form, How
from tests.central.visiting import Browser, signed_in

OK, SEE_OTHER, CONFLICT, NOT_FOUND = 200, 303, 409, 404
BY = "hanako"
WHY = {"why": "counter"}
ASKED = "?why=counter"
HANAKO = Person("髙橋\u3000花子", "タカハシ ハナコ", "灯台町1-2", date(1954, 3, 2))
KICHI = Person("𠮷田\u3000葛\U000e0100子", "ヨシダ カツコ", "灯台町9", date(1960, 1, 1))
JIRO = {"name": "高橋　次郎", "kana": "たかはし じろう", "birth": "H30.7.8", "address": "灯台町1-2"}


class Desk:
    """A clerk in a town with one resident, who has a card."""

    def __init__(self, folder: Path) -> None:
        self.centre = open_sim_centre(Clock(), "people", f"sqlite:///{folder / 'town.db'}")
        name_place(self.centre, "library")
        self.browser = Browser(self.centre)
        self.come_as(Role.CLERK)
        self.hanako = self.centre.registration.add(HANAKO, How.TYPED, BY)
        self.card = self.centre.registration.add_card(self.hanako, reading(1), Form.CARD, BY)[1]
        self.home = f"/residents/{self.hanako}"

    def come_as(self, *roles: Role) -> None:
        self.browser.cookie = signed_in(self.browser.gate, roles, BY)[self.browser.gate.cookie]

    def do(self, act: str, /, home: str = "", **form: str) -> httpx.Response:
        return self.browser.post(f"{home or self.home}/{act}", WHY | form)

    def did(self, act: str, /, home: str = "", **form: str) -> str:
        """Do something that is done; return the page that tells of it."""
        answer = self.do(act, home, **form)
        assert answer.status_code == SEE_OTHER, answer.text
        return self.browser.get(answer.headers["location"]).text

    def search(self, words: str, **form: str) -> httpx.Response:
        return self.browser.post("/residents", {"words": words, **WHY, **form})

    def looks(self) -> list[Reading]:
        with self.centre.reconciler.counted() as connection:
            return books.readings(connection, Wanted(), 100)

    def standing(self) -> Standing:
        return self.centre.registration.standing(self.hanako)


def reading(number: int) -> CardReading:
    return CardReading("pass", f"test-{number:04}")


def signed(**other: object) -> str:
    """Return what `machi card holder --json` prints of a card, with some of it otherwise."""
    attributes = {"name": "架空　次郎", "address": "架空県試験市一丁目2番", "birth": "1980-02-17", "sex": "1"}
    said: dict[str, object] = {"schema": "machi.card.holder/1", "ok": True, "words": "good", "attributes": attributes}
    return json.dumps(said | {"card": json.loads(pasted(5))} | other, ensure_ascii=False)


def pasted(number: int) -> str:
    said = {"schema": "machi.card/1", "ok": True, "words": "good", "profile": "pass", "proof": "card"}
    return json.dumps(said | {"identifier": f"test-{number:04}"})
