"""The addresses of the journal explorer. Whoever asks for what one card did says why, and that is noted first."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from central import store
from central.console.api import entry_id
from central.console.arrivals import Arrival, Cursor
from central.console.asked import midnight, sheet
from central.console.brought import NotDoneError
from central.console.desk import Desk
from central.console.gate import Gate, Visitor, signed_in
from central.console.journal import chains, lines
from central.console.journal.following import follow
from central.console.journal.lines import CARD_MIN, CARD_SHOWN, LINES_SHOWN, TABLE_MAX, Behind, Wanted
from central.console.moment import Moment
from central.console.pages import NOT_NOW, Pages, held, routed
from central.console.people import forms
from central.console.roles import OFFICES_OWN
from sync.entries import EntryId, kind_of
from sync.messages import is_stream

FILTERS: Final = ("unit", "kind", "since", "until", "card")
_COLUMNS: Final = ("written", "received", "order", "entry", "kind", "card", "hash")
_TABLE: Final = "(表)"  # behind why somebody looks, where a table was taken along


def create_journal(desk: Desk, pages: Pages, gate: Gate) -> APIRouter:
    """Make the routes."""
    here = _Explorer(desk, pages, gate)
    return routed(
        ("/journal", "GET", here.show),
        ("/journal.csv", "GET", here.table),
        ("/entries/{unit}/{boot}/{seq}/trail", "GET", here.trail),
    )


class _Explorer:
    """Where journals are looked through. No page reads more of one than it shows, but for the chain's last pieces."""

    def __init__(self, desk: Desk, pages: Pages, gate: Gate) -> None:
        self._desk = desk
        self._pages = pages
        self._gate = gate

    async def show(self, request: Request) -> Response:
        asked, visitor = request.query_params, signed_in()
        try:
            wanted = await self._wanted(asked, visitor)
        except NotDoneError as error:
            return await run_in_threadpool(self._page, asked, None, visitor, error)
        return await run_in_threadpool(self._page, asked, wanted, visitor)

    async def table(self, request: Request) -> Response:
        """Hand out what the page shows, and what comes behind it, as a table."""
        asked, visitor = request.query_params, signed_in()
        try:
            wanted = await self._wanted(asked, visitor, _TABLE)
        except NotDoneError as error:
            return await run_in_threadpool(self._pages.error, NOT_NOW, error.ja, error.en, "")
        raw = await run_in_threadpool(self._written, wanted)
        as_file = {"Content-Disposition": 'attachment; filename="journal.csv"'}
        return Response(raw, media_type="text/csv; charset=utf-8", headers=as_file)

    def trail(self, unit: str, boot: str, seq: str) -> Response:
        place = entry_id(f"{unit}/{boot}/{seq}")
        found = held(follow(self._desk, place, signed_in().roles), str(place))
        advised = [(one, self._desk.words.advice(one.kind, one.means)) for one in found.incidents]
        return self._pages.render("journal/trail.html", place=place, followed=found, advised=advised, own=OFFICES_OWN)

    # ---- what is asked

    async def _wanted(self, asked: Mapping[str, str], visitor: Visitor, besides: str = "") -> Wanted:
        """Read what is asked for; if it is what one card did, note that first.

        Raises:
            NotDoneError: it cannot be read, or a card is asked for without a reason.
        """
        with_own = visitor.may(OFFICES_OWN)
        moment = await run_in_threadpool(self._desk.moment)
        wanted = Wanted(
            unit=asked.get("unit", "").strip(),
            kind=asked.get("kind", "").strip(),
            since_ms=midnight(moment, asked.get("since", "")),
            until_ms=midnight(moment, asked.get("until", ""), after=True),
            with_own=with_own,
            behind=Behind.parse(asked.get("before", "")),
        )
        if is_stream(wanted.unit) and not with_own:
            raise HTTPException(403)
        if not asked.get("card"):
            return wanted
        why, card = forms.must_say_why(asked), await run_in_threadpool(self._card, asked["card"])
        await self._gate.do(lambda: self._desk.centre.registration.look_at_card(card, visitor.name, why + besides))
        return msgspec.structs.replace(wanted, card=card)

    def _card(self, words: str) -> str:
        """Return the card whose number begins as it was typed."""
        begins = forms.number(words)
        with store.reading(self._desk.centre.engine) as connection:
            found = lines.cards(connection, begins)
        if len(found) == 1:
            return found[0]
        if found:
            raise NotDoneError(
                "この番号のカードが2枚以上あります。もっと長く入れてください。", "Several cards begin so: type more."
            )
        raise NotDoneError(
            f"この番号のカードの記録はありません。カードの番号の はじめの{CARD_MIN}文字から入れてください。",
            f"No entry is about such a card. Type at least the first {CARD_MIN} letters of its number.",
        )

    # ---- what is shown

    def _page(
        self, asked: Mapping[str, str], wanted: Wanted | None, visitor: Visitor, refused: NotDoneError | None = None
    ) -> Response:
        found = self._desk.arrivals.read(wanted.ask(LINES_SHOWN + 1)) if wanted else []
        shown = found[:LINES_SHOWN]
        older = _address(asked, before=str(_place(shown[-1]))) if len(found) > LINES_SHOWN else ""
        values = {
            "lines": [(one, Cursor.parse(one.cursor).n) for one in shown],
            "older": older,
            "newest": _address(asked) if asked.get("before") else "",
            "as_table": _address(asked, ".csv", before=asked.get("before", "")),
            "asked": asked,
            "card": wanted.card if wanted else "",
            "kept": {name: asked[name] for name in ("unit", "kind", "since", "until") if asked.get(name)},
            "kinds": self._kinds(),
            "reasons": forms.REASONS,
            "table_max": TABLE_MAX,
            **self._chains(wanted, with_own=visitor.may(OFFICES_OWN)),
        }
        status = NOT_NOW if refused else 200
        return self._pages.render("journal/journal.html", status, refused=refused, typed=asked, **values)

    def _chains(self, wanted: Wanted | None, *, with_own: bool) -> dict[str, Any]:
        """Return how chains stand: of the unit that is asked for, checked anew; else of all, as the books have them."""
        unit = wanted.unit if wanted else ""
        with store.reading(self._desk.centre.engine) as connection:
            found = chains.chains(connection, unit, with_own=with_own)
            key = self._desk.centre.town.signer.public
            return {"chains": found, "walk": chains.walk(connection, unit, key) if unit and found else None}

    def _kinds(self) -> list[tuple[str, str]]:
        words = (
            (kind_of(kind), self._desk.words.tell(kind_of(kind), {}).ja)
            for kind in self._desk.centre.town.register.kinds
        )
        return sorted(words)

    def _written(self, wanted: Wanted) -> bytes:
        with store.reading(self._desk.centre.engine) as connection:
            rows = lines.table(connection, wanted)
        moment, written = self._desk.moment(), []
        for at_ms, received_ms, n, unit, boot, seq, kind, card, hashed in rows:
            times = _iso(moment, at_ms), _iso(moment, received_ms)
            shown = (card or "")[: None if wanted.card else CARD_SHOWN]
            written.append((*times, n, EntryId(unit, boot, seq), kind, shown, hashed.hex()))
        return sheet(_COLUMNS, written)


def _iso(moment: Moment, ms: int) -> str:
    return moment.iso(ms) or str(ms)


def _place(one: Arrival) -> Behind:
    return Behind(one.at_ms, EntryId.parse(one.id))


def _address(asked: Mapping[str, str], ending: str = "", before: str = "") -> str:
    """Return where the same is shown, from another place on."""
    kept = {name: asked[name] for name in FILTERS if asked.get(name)}
    kept |= forms.reason_asked(asked) if kept.get("card") else {}
    kept |= {"before": before} if before else {}
    return f"/journal{ending}" + (f"?{urlencode(kept)}" if kept else "")
