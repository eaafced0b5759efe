"""What is true of every program, also of tomorrow's: the six laws of `sync.program`, without a line in its own tests.

Every law is first tried on all small cases, made from the program's samples, and then on what Hypothesis invents.
"""

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from central.office import Office, offices
from central.store import open_engine
from sync import installed
from sync.accounts import ACCOUNTS
from sync.directory import DIRECTORY
from sync.entries import Entry, Fact
from sync.messages import OFFICE_STREAM, TOWN_STREAM
from sync.passkeys import PASSKEYS
from sync.program import Act, Acts, Beside, Fold, Moment, Operator, Program, Tap, Wish
from sync.staff import SHIFTS
from sync.touches import service_of

PROGRAMS = installed.programs()
BESIDES = installed.besides()
FOLDS: tuple[Fold[Any], ...] = (*installed.folds(), DIRECTORY, SHIFTS, ACCOUNTS, PASSKEYS)
READERS = {fold.name: fold for fold in FOLDS}
UNITS = {"lib01": "9f3c0a1b22d4e5f6", "bus01": "04c1d2e3f4a5b697"}
AT = 1_795_392_000_000
_CHANGED_MAX = 3

each_fold = pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.name)
each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
each_with_tables = pytest.mark.parametrize("program", [*PROGRAMS, *BESIDES], ids=lambda program: program.name)
each_beside = pytest.mark.parametrize("beside", BESIDES, ids=lambda beside: beside.name)
each_with_acts = pytest.mark.parametrize(
    "program", [program for program in PROGRAMS if program.acts], ids=lambda program: program.name
)


def varied(fact: Fact) -> list[Fact]:
    """Return a fact and its near relatives: each integer one more, each text another of the same length."""
    found = [fact]
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if isinstance(value, bool) or not isinstance(value, int | str) or hasattr(value, "name"):
            continue
        other = value + 1 if isinstance(value, int) else value[::-1]
        found.append(msgspec.structs.replace(fact, **{name: other}))
    return found


def small_facts(fold: Fold[Any]) -> list[Fact]:
    found = itertools.chain.from_iterable(varied(sample) for sample in fold.samples)
    return list({msgspec.json.encode(fact): fact for fact in found if can_be_written(fact)}.values())


def can_be_written(fact: Fact) -> bool:
    """Whether a journal could hold this fact: its values are in the ranges that its type sets."""
    try:
        return bool(msgspec.json.decode(msgspec.json.encode(fact), type=type(fact)) == fact)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return False


def entry(unit: str, seq: int, fact: Fact, at: int = AT) -> Entry:
    return Entry(unit, UNITS[unit], seq, at, fact)


def folded(fold: Fold[Any], entries: list[Entry]) -> dict[str, Any]:
    states: dict[str, Any] = {}
    for one in entries:
        key = fold.key(one)
        states[key] = fold.fold(states.get(key, fold.empty), one)
    return states


def test_what_a_program_writes_bears_its_name() -> None:
    """By that the centre knows whom to ask what an entry moves, and points which service a touch was for."""
    kinds = {name: module.KINDS for name, module in installed.parts("entries").items()}
    assert kinds
    assert [kind for name, some in kinds.items() for kind in some if service_of(kind) != name] == []


@pytest.mark.parametrize("office", offices(), ids=lambda office: office.name)
def test_a_program_moves_accounts_by_its_own_facts_alone(office: Office) -> None:
    """The centre asks nobody else about them; whoever wanted to say something would never be asked."""
    others = [fact for fold in FOLDS for fact in small_facts(fold) if service_of(fact) != office.name]
    assert others
    for fact in others:
        for writer in (*UNITS, OFFICE_STREAM, TOWN_STREAM):
            one = Entry(writer, UNITS["lib01"], 1, AT, fact)
            assert (*office.moves(one), *office.heirs(one)) == ()


def histories(fold: Fold[Any]) -> st.SearchStrategy[list[Entry]]:
    facts = st.sampled_from(small_facts(fold))
    one = st.tuples(st.sampled_from(sorted(UNITS)), facts, st.integers(-5, 5))
    return st.lists(one, max_size=8).map(
        lambda drawn: [entry(unit, seq, fact, AT + at) for seq, (unit, fact, at) in enumerate(drawn, 1)]
    )


def dealt(entries: list[Entry], order: list[str]) -> list[Entry]:
    """Mix the units' entries as `order` names the units, keeping each unit's own order."""
    waiting = {unit: [one for one in entries if one.unit == unit] for unit in UNITS}
    return [waiting[unit].pop(0) for unit in order]


def interleavings(entries: list[Entry]) -> st.SearchStrategy[list[Entry]]:
    return st.permutations([one.unit for one in entries]).map(lambda order: dealt(entries, order))


def invented(sample: Fact) -> st.SearchStrategy[Fact]:
    """Invent facts of a sample's kind: any integer and any text of the same length in its place, in some of its fields.

    In some only, and texts often of the same letters: of narrow fields hardly anything invented could be written.
    """
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for name in sample.__struct_fields__:
        value = getattr(sample, name)
        if isinstance(value, int) and not isinstance(value, bool):
            fields[name] = st.integers(-(2**53) + 1, 2**53 - 1) | st.integers(value - 100, value + 100)
        elif type(value) is str and value:
            size = len(value)
            alike = st.text(sorted(set(value)), min_size=size, max_size=size)
            fields[name] = alike | st.text(min_size=size, max_size=size)
    return (
        st.lists(st.sampled_from(sorted(fields)), max_size=_CHANGED_MAX, unique=True)
        .flatmap(lambda names: st.fixed_dictionaries({name: fields[name] for name in names}))
        .map(lambda values: msgspec.structs.replace(sample, **values))
        .filter(can_be_written)
    )


def test_there_are_programs() -> None:
    assert {program.name for program in PROGRAMS} >= {"visits"}
    assert {office.name for office in offices()} == {program.name for program in (*PROGRAMS, *BESIDES)}


@each_fold
def test_samples_cover_every_kind(fold: Fold[Any]) -> None:
    assert {type(sample) for sample in fold.samples} == set(fold.kinds)


@each_fold
def test_law_1_on_all_small_cases(fold: Fold[Any]) -> None:
    """Entries of two different units fold to the same state in either order."""
    for one, other in itertools.product(small_facts(fold), repeat=2):
        for later in (0, 1, -1):
            pair = [entry("lib01", 1, one), entry("bus01", 2, other, AT + later)]
            assert folded(fold, pair) == folded(fold, pair[::-1])


@each_fold
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_law_1_on_any_history(fold: Fold[Any], data: st.DataObject) -> None:
    history = data.draw(histories(fold))
    assert folded(fold, history) == folded(fold, data.draw(interleavings(history)))


@each_fold
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_law_2_fold_accepts_everything_of_its_kinds(fold: Fold[Any], data: st.DataObject) -> None:
    """Fold accepts every entry of its kinds and never raises."""
    fact = data.draw(st.sampled_from(fold.samples).flatmap(invented))
    one = entry("lib01", 1, fact, data.draw(st.integers(-(2**53) + 1, 2**53 - 1)))
    states = folded(fold, [one, one])
    assert set(states) == {fold.key(one)}
    assert states[fold.key(one)] != fold.empty, "an entry that leaves no trace"


def taps(program: Program[Any]) -> st.SearchStrategy[Tap]:
    cards = st.sampled_from(sorted({str(getattr(fact, "card", "0" * 32)) for fact in small_facts(program)}))
    places = st.sampled_from(sorted({str(getattr(fact, "place", "library")) for fact in small_facts(program)}))
    days = st.sampled_from([20_779, 20_780, 20_781])
    wishes = st.one_of(
        st.sampled_from(program.wishes),
        st.builds(
            Wish,
            st.sampled_from(sorted({wish.what for wish in program.wishes})),
            st.integers(-5, 5000),
            st.sampled_from(sorted({wish.about for wish in program.wishes})),
            st.booleans(),
            st.booleans(),
        ),
    )
    proofs, units = st.sampled_from(["none", "card"]), st.sampled_from(sorted(UNITS))
    before = st.one_of(cards, st.just(""))
    return st.builds(Tap, cards, proofs, units, places, st.just(AT), days, st.just(1), wishes, before, operators())


def operators() -> st.SearchStrategy[Operator]:
    return st.builds(Operator, st.sampled_from([0, 3]), st.booleans(), st.booleans())


@each_program
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_laws_3_4_5_deciding(program: Program[Any], data: st.DataObject) -> None:
    """Equal state and tap, equal decision; every decision folds; a decision keeps a safe state safe."""
    tap = data.draw(taps(program))
    asked = [(program, program.asks(tap)), *((READERS[name], key) for name, key in program.besides(tap))]
    history = data.draw(histories(program))
    states = [folded(fold, _read_by(fold, history)).get(key, fold.empty) for fold, key in asked]
    assume(all(fold.safe(state) for (fold, _), state in zip(asked, states, strict=True)))
    decision = program.decide(*states, tap)
    copies = [_copied(fold, state) for (fold, _), state in zip(asked, states, strict=True)]
    assert decision == program.decide(*copies, msgspec.structs.replace(tap))
    assert decision.otherwise is None or decision.lacks
    for made in (decision, decision.otherwise) if decision.otherwise else (decision,):
        after = list(states)
        for seq, fact in enumerate(made.facts, len(history) + 1):
            assert type(fact) in program.kinds
            one = entry(tap.unit, seq, fact)
            assert program.key(one) == program.asks(tap)
            for at, (fold, key) in enumerate(asked):
                if isinstance(fact, fold.kinds) and fold.key(one) == key:
                    after[at] = fold.fold(after[at], one)
                assert fold.safe(after[at])


def acts(acts: Acts) -> st.SearchStrategy[Act]:
    some, figures = st.sampled_from(acts.samples), st.integers(-(2**53) + 1, 2**53 - 1)
    counts = st.one_of(some.map(lambda act: act.counts), st.lists(figures, max_size=12).map(tuple))
    what, amount = some.map(lambda act: act.what), st.one_of(some.map(lambda act: act.amount), figures)
    reasons = st.one_of(some.map(lambda act: act.reason), st.text(max_size=40))
    return st.one_of(some, st.builds(Act, what, counts, amount, reasons, st.booleans()))


def moments() -> st.SearchStrategy[Moment]:
    units, places = st.sampled_from(sorted(UNITS)), st.sampled_from(["library", "fish"])
    days, minutes = st.sampled_from([20_779, 20_780, 20_781]), st.integers(0, 1_439)
    at = st.integers(AT - 10**8, AT + 10**8)
    return st.builds(Moment, units, places, at, days, minutes, st.just(1), operators())


@each_with_acts
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_laws_3_4_5_of_what_is_done_without_a_card(program: Program[Any], data: st.DataObject) -> None:
    """As for a touch: equal decisions of equals, everything folds, what is safe stays safe; also of what is due."""
    assert program.acts is not None
    now = data.draw(moments())
    asked = [(READERS[name], key) for name, key in program.acts.asks(now)]
    kinds = {kind for fold, _ in asked for kind in fold.kinds}
    history = [one for fold, _ in asked for one in data.draw(histories(fold))]
    states = [folded(fold, _read_by(fold, history)).get(key, fold.empty) for fold, key in asked]
    assume(all(fold.safe(state) for (fold, _), state in zip(asked, states, strict=True)))
    due = program.acts.due(*states, now)
    act = due if due and data.draw(st.booleans()) else data.draw(acts(program.acts))
    decision = program.acts.decide(*states, now, act)
    copies = [_copied(fold, state) for (fold, _), state in zip(asked, states, strict=True)]
    assert decision == program.acts.decide(*copies, msgspec.structs.replace(now), msgspec.structs.replace(act))
    assert due == program.acts.due(*copies, now)
    for seq, fact in enumerate(decision.facts, len(history) + 1):
        assert type(fact) in kinds
        assert can_be_written(fact)
        for at, (fold, key) in enumerate(asked):
            if isinstance(fact, fold.kinds) and fold.key(one := entry(now.unit, seq, fact)) == key:
                states[at] = fold.fold(states[at], one)
            assert fold.safe(states[at])


def _read_by(fold: Fold[Any], history: list[Entry]) -> list[Entry]:
    return [one for one in history if isinstance(one.fact, fold.kinds)]


@each_fold
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_law_6_states_survive_the_shelf(fold: Fold[Any], data: st.DataObject) -> None:
    for state in folded(fold, data.draw(histories(fold))).values():
        assert _copied(fold, state) == state


@each_beside
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_law_3_of_what_is_said_beside(beside: Beside[Any], data: st.DataObject) -> None:
    """Equal states and entry, equal remark, about any entry of its kinds that is in the states; it never fails."""
    history = data.draw(histories(beside))
    assume(history)
    one = data.draw(st.sampled_from(history))
    asked = [(READERS[name], key) for name, key in beside.asks(one)]
    heard = [history if fold is beside else data.draw(histories(fold)) for fold, _ in asked]
    states = [folded(fold, some).get(key, fold.empty) for (fold, key), some in zip(asked, heard, strict=True)]
    assert all(fold.safe(state) for (fold, _), state in zip(asked, states, strict=True))
    copies = [_copied(fold, state) for (fold, _), state in zip(asked, states, strict=True)]
    assert beside.says(*states, one) == beside.says(*copies, one)


@each_with_tables
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_law_6_unit_and_centre_agree(program: Fold[Any], data: st.DataObject) -> None:
    """The centre's tables say what the fold says, however the entries are dealt out to deliveries."""
    (office,) = (office for office in offices() if office.name == program.name)
    history = data.draw(histories(program))
    cut = data.draw(st.integers(0, len(history)))
    engine = open_engine("sqlite://")
    with engine.begin() as connection:
        office.metadata.create_all(connection)
        office.record(connection, history[:cut])
        office.record(connection, history[cut:])
        for key, state in folded(program, history).items():
            assert office.state(connection, key) == state
    engine.dispose()


def _copied(fold: Fold[Any], state: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(state), type=fold.state)
