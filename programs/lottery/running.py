"""The course of a draw: announced, closed, drawn. Each step is an entry, and none is taken back.

A decision and the books it is made by are in one transaction, as everywhere at the centre.
"""

from typing import Final

import msgspec
import sqlalchemy as sa

from central.centre import Centre
from programs.lottery import beacon, law
from programs.lottery.documents import FIRST, Frozen, Transcript, freeze, sha256, transcribe, written
from programs.lottery.drawing import ALGORITHM
from programs.lottery.entries import Announced, Closed, Drawn, Opened, Prize, Proposed, Rules
from programs.lottery.errors import DrawError
from programs.lottery.lists import lines
from programs.lottery.office import course_of, courses, tickets_of
from programs.lottery.ordering import silent_stands, taken_in
from programs.lottery.rules import Course
from sync.messages import OFFICE_STREAM, TOWN_STREAM

APART_S: Final = 3_600
"""At least so long after the closing the randomness comes: everybody can have the frozen list before."""

FALLBACK: Final = (
    "この回が7日たっても公開されないときは抽選を取りやめ、同じ口数で新しい決まりを公開します。"
    " / If this round has not come after seven days, this draw is called off, and another one is announced"
    " with the same tickets."
)
VERIFIER: Final = "verify.html, docs/verify_draw.py"
_KEY_BYTES: Final = 32


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an officer decides about a draw; see `Rules`. `round`: 0 for the first one that is far enough away."""

    draw: str
    title_ja: str
    title_en: str
    basis: str
    prizes: tuple[Prize, ...]
    close_at: int
    sales_yen: int = 0
    purchase_yen: int = 0
    alternates: int = 0
    cost_points: int = 0
    cap: int = 1
    round: int = 0
    fallback: str = FALLBACK
    verifier: str = VERIFIER
    note: str = ""


def announce(centre: Centre, plan: Plan) -> Announced:
    """Publish the rules of a draw. Where its tickets cost points, units hear of it, and take orders.

    Raises:
        DrawError: there is such a draw, its times do not fit, or the law has to be looked at.
        ValidationError: a value is out of range.
    """
    with centre.reconciler.counted() as connection:
        make_sure_it_is_new(connection, plan.draw)
        key = centre.town.entropy.bytes(_KEY_BYTES)
        rules = rules_of(plan, centre.town.clock.wall_ms() // 1000, sha256(key))
        if (warned := law.warnings(rules)) and not rules.note.strip():
            raise DrawError(
                f"景品表示法: {' '.join(one.ja for one in warned)} 直すか、だれが確かめたかを note に書いてください。",
                f"Law of prizes: {' '.join(one.en for one in warned)} Mend it, or write who has looked at it in note.",
            )
        said = Announced(rules, key.hex())
        centre.streams.append(connection, OFFICE_STREAM, [said])
        if rules.cost_points:
            centre.streams.append(connection, TOWN_STREAM, [_opened(rules)])
    return said


def make_sure_it_is_new(connection: sa.Connection, draw: str) -> None:
    """Let nobody announce a draw twice.

    Raises:
        DrawError: there is one of that name.
    """
    if course_of(connection, draw).announced:
        raise DrawError(
            f"抽選「{draw}」はもう公開されています。決まりは変えられません。別の名前で公開してください。",
            f"The draw {draw} is announced already, and its rules stand: announce another one.",
        )


def _opened(rules: Rules) -> Opened:
    return Opened(rules.draw, rules.title_ja, rules.title_en, rules.cost_points, rules.cap, rules.close_at)


def rules_of(plan: Plan, now_s: int, key_sha256: str = "0" * 64) -> Rules:
    """Return the rules as they are published, but for the hash of a key that is drawn when they are.

    Raises:
        DrawError: its times do not fit.
        ValidationError: a value is out of range.
    """
    if plan.close_at <= now_s:
        raise DrawError(
            "締切がもう過ぎています。先の日時にしてください。", "The closing is over already: name a later one."
        )
    values = msgspec.structs.asdict(plan)
    values["prizes"] = [msgspec.structs.asdict(prize) for prize in plan.prizes]
    values["round"] = plan.round or beacon.round_at(plan.close_at + APART_S - 1) + 1
    fixed = {"algorithm": ALGORITHM, "chain": beacon.CHAIN, "key_sha256": key_sha256}
    rules = msgspec.convert(values | fixed, Rules)
    _check_round(rules)
    return rules


def _check_round(rules: Rules) -> None:
    if beacon.time_of(rules.round) < rules.close_at + APART_S:
        first = beacon.round_at(rules.close_at + APART_S - 1) + 1
        raise DrawError(
            f"ラウンド {rules.round} は締切から1時間たつ前です。{first} 以降にしてください(0 なら自動)。",
            f"Round {rules.round} comes less than an hour after the closing: take {first} or later (0: by itself).",
        )


def close(centre: Centre, draw: str, *, without_silent: bool = False, by: str = "") -> Frozen:
    """Freeze the list: after the closing, and before anybody can know the randomness. Orders become tickets before.

    Args:
        without_silent: also if units have not been heard since the closing; their orders are no tickets.
        by: the account of who says so.

    Raises:
        DrawError: it is too early, too late, done already, units are silent, or there are no tickets.
    """
    with centre.reconciler.counted() as connection:
        said = announced_in(connection, draw)
        if course_of(connection, draw).closed:
            raise DrawError(
                f"抽選「{draw}」の名簿はもう確定しています。show で見られます。",
                f"The list of {draw} is frozen already: look at it with show.",
            )
        now_s = centre.town.clock.wall_ms() // 1000
        if now_s < said.rules.close_at:
            raise DrawError(
                "締切の前です。締切のあとに確定してください。", "It is not closing time yet: come back then."
            )
        if now_s >= beacon.time_of(said.rules.round):
            raise DrawError(
                "乱数がもう公開されています。いま確定した名簿はだれにも信じてもらえません。"
                "新しい名前で抽選を公開しなおし、同じ券を取り込んでください。",
                "The randomness is public already, so nobody could trust a list that is frozen now:"
                " announce the draw anew under another name, and import the same tickets.",
            )
        if (silent := silent_stands(connection, said.rules.close_at)) and not without_silent:
            names = ", ".join(one.unit for one in silent)
            raise DrawError(
                f"締切のあと、まだつながっていない端末が {len(silent)}台あります(LOT-010): {names}。"
                "いま確定すると、その申し込みが入りません。待つか、それでよいと言ってください(--without-silent)。",
                f"Not heard since the closing (LOT-010): {names}. If the list is frozen now, what was"
                " ordered there is not in it: wait, or say that this is all right (--without-silent).",
            )
        fresh = taken_in(connection, said.rules).tickets
        listed = lines([*tickets_of(connection, draw), *fresh], bytes.fromhex(said.key))
        if not listed:
            raise DrawError("券が1口もありません。", "There is not one ticket: there is nothing to draw.")
        frozen = freeze(said.rules, listed)
        closed = Closed(draw, frozen.tickets, sha256(written(frozen)), by)
        centre.streams.append(connection, OFFICE_STREAM, [*fresh, closed])
    return frozen


def propose(centre: Centre, draw: str, signature: str, by: str) -> Proposed:
    """Say that the winners are to be drawn by this signature; somebody else has to confirm it (`confirm`).

    Raises:
        DrawError: they are drawn already, somebody has said so already, or the list is not frozen.
        RoundError: this is not the signature of the round that the rules name.
    """
    with centre.reconciler.counted() as connection:
        said, course = announced_in(connection, draw), _not_drawn(connection, draw)
        if course.proposed:
            other = course.proposed[1].by
            raise DrawError(
                f"{other} さんがもう引くと言っています。別の担当者が確認してください。"
                "同じ種では引き直せません(LOT-011)。",
                f"{other} has said so already: another officer has to confirm it. There is no second draw (LOT-011).",
            )
        frozen_list(connection, draw)
        beacon.verify(said.rules.round, signature)
        proposed = Proposed(draw, signature, by)
        centre.streams.append(connection, OFFICE_STREAM, [proposed])
    return proposed


def confirm(centre: Centre, draw: str, by: str) -> Transcript:
    """Draw the winners as somebody else has proposed it, once and for ever.

    Raises:
        DrawError: they are drawn already, nobody has proposed it, or it was the same one.
        RoundError: what was proposed is not the signature of that round.
    """
    with centre.reconciler.counted() as connection:
        said, course = announced_in(connection, draw), _not_drawn(connection, draw)
        if course.proposed is None:
            raise DrawError(
                f"抽選「{draw}」は、まだだれも引くと言っていません。先に一人が乱数の署名を入れてください。",
                f"Nobody has said to draw {draw} yet: somebody has to bring the signature first.",
            )
        proposed = course.proposed[1]
        if proposed.by == by:
            raise DrawError(
                f"{by} さんが引いたので、確認は別の担当者がしてください(LOT-012)。",
                f"{by} has said to draw: another officer has to confirm it (LOT-012).",
            )
        listed, frozen = frozen_list(connection, draw)
        beacon.verify(said.rules.round, proposed.signature)
        previous = last_transcript(connection)
        transcript = transcribe(said.rules, frozen, listed, proposed.signature, previous)
        drawn = Drawn(draw, proposed.signature, sha256(written(transcript)), previous, proposed.by, by)
        centre.streams.append(connection, OFFICE_STREAM, [drawn])
    return transcript


def _not_drawn(connection: sa.Connection, draw: str) -> Course:
    """Return how far a draw has come that was not drawn yet.

    Raises:
        DrawError: it was.
    """
    course = course_of(connection, draw)
    if course.drawn:
        raise DrawError(
            f"抽選「{draw}」は済んでいます。同じ種では引き直せません(LOT-011)。来ない人の分は補欠の順です。",
            f"The draw {draw} was drawn, and is not drawn again (LOT-011): alternates take the place of who does not"
            " come.",
        )
    return course


def frozen_list(connection: sa.Connection, draw: str) -> tuple[list[bytes], Frozen]:
    """Return the frozen list, made anew from the books, and held against what was frozen.

    Raises:
        DrawError: it is not frozen, or the books say something else now.
    """
    said, course = announced_in(connection, draw), course_of(connection, draw)
    if course.closed is None:
        raise DrawError(
            f"名簿がまだ確定していません。締切のあとに: machi central lottery close FOLDER {draw}",
            f"The list is not frozen yet; after the closing: machi central lottery close FOLDER {draw}",
        )
    listed = lines(tickets_of(connection, draw), bytes.fromhex(said.key))
    frozen = freeze(said.rules, listed)
    if sha256(written(frozen)) != course.closed[1].frozen_sha256:
        raise DrawError(
            "帳簿の券が、確定した名簿と合いません。何もせず、業者と監査に知らせてください(machi central verify)。",
            "The tickets in the books are not those of the frozen list: do nothing, and have it looked at"
            " (machi central verify).",
        )
    return listed, frozen


def transcript_of(connection: sa.Connection, draw: str) -> Transcript | None:
    """Return how it was drawn, made anew from the books; None if it was not.

    Raises:
        DrawError: the books give another one than was published.
    """
    course = course_of(connection, draw)
    if course.drawn is None:
        return None
    drawn, (listed, frozen) = course.drawn[1], frozen_list(connection, draw)
    transcript = transcribe(announced_in(connection, draw).rules, frozen, listed, drawn.signature, drawn.previous)
    if sha256(written(transcript)) != drawn.transcript_sha256:
        raise DrawError(
            "帳簿から同じ抽選の記録ができません。何もせず、業者と監査に知らせてください。",
            "The books do not give the transcript that was published: do nothing, and have it looked at.",
        )
    return transcript


def last_transcript(connection: sa.Connection) -> str:
    """Return the hash of the transcript of the last draw; zeros if there was none."""
    drawn = [course.drawn for course in courses(connection).values() if course.drawn]
    return max(drawn, key=lambda one: one[0])[1].transcript_sha256 if drawn else FIRST


def state_of(course: Course) -> str:
    steps = {"drawn": course.drawn, "proposed": course.proposed, "closed": course.closed}
    return next((name for name, said in steps.items() if said), "announced")


def announced_in(connection: sa.Connection, draw: str) -> Announced:
    said = course_of(connection, draw).announced
    if said is None:
        raise DrawError(
            f"抽選「{draw}」はありません。show で名前を確かめてください。",
            f"There is no draw {draw}: see their names with show.",
        )
    return said[1]
