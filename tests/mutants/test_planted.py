"""Every planted bug can still be planted."""

from tests.mutants.bugs import ROOT, changed, read_bugs


def test_every_bug_still_fits_the_house() -> None:
    for bug in read_bugs():
        changed(bug, (ROOT / bug.file).read_text())


def test_every_bug_can_be_told_apart_and_looked_for() -> None:
    bugs = read_bugs()
    names = [bug.name for bug in bugs]
    assert len(set(names)) == len(names) >= 40
    assert len({(bug.file, bug.old, bug.new) for bug in bugs}) == len(bugs)
    for bug in bugs:
        assert bug.people.endswith(".")
        assert bug.tests, bug.name
        assert [path for path in bug.tests if not (ROOT / path).exists()] == []
