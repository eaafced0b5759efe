"""What follows from a wish of the registration desk, or why it cannot be: facts for the journals. Arithmetic only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from central.residents.standing import Standing
from central.worded import WordedError
from sync.entries import Fact
from sync.facts import CardSet, CardState
from sync.residents import (
    CardBound,
    CardEnd,
    CardEnded,
    CardPrefers,
    Consented,
    FileErased,
    Form,
    GuardianSet,
    Leaving,
    Left,
    Merged,
    Preferences,
    Preferred,
)


class DeskError(WordedError):
    """It cannot be done, and nothing was. `ja`, `en`: why, and what to do; `of`: files that it is about, to look at."""

    def __init__(self, ja: str, en: str, of: Iterable[str] = ()) -> None:
        super().__init__(ja, en)
        self.of = tuple(of)


@dataclass(frozen=True)
class Words:
    """What follows. `office`: for the office's own journal; `town`: what all units are told."""

    office: list[Fact] = field(default_factory=list)
    town: list[Fact] = field(default_factory=list)


@dataclass(frozen=True)
class Agreed:
    """What somebody said about one program; `guardian`: who said it for a child."""

    program: str
    given: bool = True
    guardian: str = ""


def must_count(of: str, was: Standing) -> None:
    """Make sure that a file can be worked with.

    Raises:
        DeskError: there is none, or another one counts in its place.
    """
    if not was.is_known:
        raise DeskError("この番号の登録はありません。(RSD-010)", f"There is no resident {of}. (RSD-010)")
    if was.into:
        raise DeskError(
            f"この登録は {was.into} に まとめられています。そちらで手続きしてください。(RSD-014)",
            f"This file was merged; go on with {was.into}. (RSD-014)",
            [was.into],
        )


def must_be_here(of: str, was: Standing) -> None:
    """Make sure that somebody can get something new.

    Raises:
        DeskError: as `must_count`, or they have left.
    """
    must_count(of, was)
    if was.left is not Leaving.HERE or was.is_erased:
        raise DeskError(
            "この人は 転出・死亡・利用終了の登録になっています。まちがいなら 戻せます。(RSD-015)",
            "This person has left; if that is wrong, it can be taken back. (RSD-015)",
        )


def bind(of: str, was: Standing, card: str, form: Form, owner: str, by: str) -> Words:
    """Give a resident a card. `owner`: the file whose card it is now, or ""."""
    must_be_here(of, was)
    if owner and owner != of:
        raise DeskError(
            "同じカードが 別の人に結ばれています。(RSD-011)",
            f"This card is another person's already ({owner}). The same person? Then merge the two. (RSD-011)",
            [owner],
        )
    held = was.cards.get(card)
    if held and held.ended is CardEnd.RENEWED:
        raise DeskError(
            "このカードは 新しいカードに替わっています。(RSD-016)",
            "This card was replaced by a newer one, and has nothing any more. (RSD-016)",
        )
    return Words([CardBound(of, card, form, by)], [CardSet(card, CardState.ACTIVE), *_told(card, was.prefers)])


def end(of: str, was: Standing, card: str, why: CardEnd, by: str, into: str = "") -> Words:
    """Stop a card, which is theirs no more. Doing it again changes nothing."""
    must_count(of, was)
    held = was.cards.get(card)
    if held is None:
        raise DeskError("この人のカードでは ありません。(RSD-017)", "This is none of this person's cards. (RSD-017)")
    if held.ended is why and held.into == into:
        return Words()
    if held.ended is CardEnd.RENEWED:
        raise DeskError(
            "このカードは もう 新しいカードに替わっています。(RSD-016)",
            f"This card was replaced by {held.into} before. (RSD-016)",
        )
    return Words([CardEnded(of, card, why, by, into)], [CardSet(card, CardState.STOPPED)])


def found(of: str, was: Standing, card: str, by: str) -> Words:
    """Let a card that was lost or stopped be used again."""
    must_be_here(of, was)
    held = was.cards.get(card)
    if held is None or held.ended not in (CardEnd.LOST, CardEnd.STOPPED):
        raise DeskError(
            "止めた・なくしたカードだけ 戻せます。(RSD-018)",
            "Only a card that was lost or stopped, and not replaced, can be used again. (RSD-018)",
        )
    return Words([CardBound(of, card, held.form, by)], [CardSet(card, CardState.ACTIVE), *_told(card, was.prefers)])


def renew(of: str, was: Standing, old: str, new: str, form: Form, owner: str, by: str) -> Words:
    """Let a new card take the place of an old one, whether that is there, lost or stopped."""
    given = bind(of, was, new, form, owner, by)
    if old == new:
        raise DeskError("古いカードと 同じカードです。(RSD-019)", "This is the old card itself. (RSD-019)")
    ended = end(of, was, old, CardEnd.RENEWED, by, new)
    if not ended.office:  # said before; whoever does it again wants what is left of it to go over
        return Words()
    return Words([*given.office, *ended.office], [*given.town, *ended.town])


def consent(of: str, was: Standing, said: Agreed, known: Iterable[str], *, is_child: bool, by: str) -> Words:
    """Note that somebody agrees, or does no more, that a program uses the file. `known`: the programs there are."""
    (must_be_here if said.given else must_count)(of, was)
    programs = sorted(known)
    if said.program not in programs:
        raise DeskError(
            f"そのサービスはありません({'、'.join(programs)})。(RSD-020)",
            f"There is no such program; there are {', '.join(programs)}. (RSD-020)",
        )
    if said.guardian and said.guardian not in was.guardians:
        raise DeskError("この子の保護者では ありません。(RSD-021)", "This is no guardian of theirs. (RSD-021)")
    if said.given and is_child and not said.guardian:
        raise DeskError(
            "18歳未満の人の同意は 保護者がします。どの保護者かを 示してください。(RSD-022)",
            "For somebody under 18 a guardian agrees; say which one. (RSD-022)",
        )
    return Words([Consented(of, said.program, said.given, by, said.guardian)])


def guard(of: str, was: Standing, guardian: str, theirs: Standing, *, is_adult: bool, stands: bool, by: str) -> Words:
    """Let somebody speak for a child, or no more."""
    must_count(of, was)
    if not stands:
        if guardian not in was.guardians:
            raise DeskError("この子の保護者では ありません。(RSD-021)", "This is no guardian of theirs. (RSD-021)")
        return Words([GuardianSet(of, guardian, stands=False, by=by)])
    must_be_here(guardian, theirs)
    if of == guardian or not is_adult:
        raise DeskError(
            "保護者は 別の 18歳以上の人です。(RSD-023)", "A guardian is somebody else, of 18 or more. (RSD-023)"
        )
    return Words([GuardianSet(of, guardian, stands=True, by=by)])


def prefer(of: str, was: Standing, prefers: Preferences, by: str) -> Words:
    """Note how somebody wants to be spoken to, and tell it to all units, for each of their cards."""
    must_be_here(of, was)
    told: list[Fact] = [CardPrefers(card, prefers) for card in was.active]
    return Words([Preferred(of, prefers, by)], told)


def leave(of: str, was: Standing, why: Leaving, day: str, by: str) -> Words:
    """Note that somebody moved away, died or wants to be registered no more; what was agreed to ends with it.

    Cards of the dead are stopped at once. Who moved keeps cards until they are given back: the money on them is theirs.
    """
    must_count(of, was)
    office: list[Fact] = [Left(of, why, day, by)]
    office += [Consented(of, name, given=False, by=by) for name, said in was.consents.items() if said.given]
    town: list[Fact] = []
    for card in was.active if why is Leaving.DIED else ():
        office.append(CardEnded(of, card, CardEnd.STOPPED, by))
        town.append(CardSet(card, CardState.STOPPED))
    return Words(office, town)


def back(of: str, was: Standing, day: str, by: str) -> Words:
    """Take it back that somebody left. What was agreed to has to be agreed to anew, and stopped cards be found."""
    must_count(of, was)
    if was.left is Leaving.HERE:
        raise DeskError("この人は 登録中です。(RSD-024)", "This person has not left. (RSD-024)")
    return Words([Left(of, Leaving.HERE, day, by)])


def merge(of: str, was: Standing, into: str, then: Standing, children: Mapping[str, Standing], by: str) -> Words:
    """Let two files be one. What was said later counts of consents; `into` keeps its name, address and preferences.

    Args:
        children: those for whom `of` speaks.
    """
    must_count(of, was)
    must_count(into, then)
    if of == into or of in then.guardians or into in was.guardians:
        raise DeskError(
            "同じ登録か、親子の登録です。まとめられません。(RSD-025)",
            "These are one file, or a child and a guardian. (RSD-025)",
        )
    if Leaving.DIED in (was.left, then.left) and was.left is not then.left:
        raise DeskError(
            "一方だけが 死亡の登録です。先に 正しい方に そろえてください。(RSD-026)",
            "One of the two is registered as dead, and the other is not: settle that first. (RSD-026)",
        )
    prefers = then.prefers if then.prefers != Preferences() else was.prefers
    office: list[Fact] = [CardBound(into, card, was.cards[card].form, by) for card in was.active]
    office += [
        Consented(into, program, said.given, by, said.guardian)
        for program, said in was.consents.items()
        if program not in then.consents or said.is_after(then.consents[program])
    ]
    office += [GuardianSet(into, one, stands=True, by=by) for one in was.guardians if one not in then.guardians]
    office += [
        fact
        for child, standing in children.items()
        if of in standing.guardians
        for fact in (GuardianSet(child, of, stands=False, by=by), GuardianSet(child, into, stands=True, by=by))
    ]
    if prefers != then.prefers:
        office.append(Preferred(into, prefers, by))
    town: list[Fact] = [CardPrefers(card, prefers) for card in was.active if was.prefers != prefers]
    town += [CardPrefers(card, prefers) for card in then.active if then.prefers != prefers]
    return Words([*office, Merged(of, into, by)], town)


def erase(of: str, was: Standing, why: str, by: str) -> Words:
    """Have what was sealed deleted: of somebody who left and has no card any more, or of a file that was merged."""
    if was.is_known and not was.into:
        if was.left is Leaving.HERE:
            raise DeskError(
                "登録中の人は 消せません。先に 転出・死亡・利用終了を登録してください。(RSD-027)",
                "This person has not left: say first that they moved, died or ended it. (RSD-027)",
            )
        if was.active:
            raise DeskError(
                "使えるカードが残っています。先に 返してもらうか 止めてください。(RSD-028)",
                "There are cards that can still be used; end them first. (RSD-028)",
            )
    if not was.version:
        raise DeskError("この番号の登録はありません。(RSD-010)", f"There is nothing to erase of {of}. (RSD-010)")
    return Words([FileErased(of, why, by)])


def _told(card: str, prefers: Preferences) -> list[Fact]:
    """Return what units are told of a card that is new to them: whoever wants nothing particular needs no word."""
    return [] if prefers == Preferences() else [CardPrefers(card, prefers)]
