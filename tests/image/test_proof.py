"""Nobody changes what an image is made of without having started one."""

from pathlib import Path

from tests.image import proof


def test_the_image_was_tried_as_it_lies_here() -> None:
    assert not proof.changed(), (
        "changed since make test-image last passed; run it (as root) and commit tests/image/proof.json"
    )


def test_a_file_that_changes_comes_or_goes_is_noticed(tmp_path: Path) -> None:
    for folder in (*proof.FOLDERS, "requirements"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("requirements/unit.txt", "image-build/init", "systemd/a.service", "tests/image/proof.json"):
        (tmp_path / name).write_text("before")
    (tmp_path / "image-build/link").symlink_to("init")
    first = proof.inputs(tmp_path)
    assert set(first) == {"requirements/unit.txt", "image-build/init", "image-build/link", "systemd/a.service"}
    (tmp_path / "image-build/init").write_text("after")
    (tmp_path / "systemd/a.service").rename(tmp_path / "systemd/b.service")
    second = proof.inputs(tmp_path)
    assert {name for name in {*first, *second} if first.get(name) != second.get(name)} == {
        "image-build/init",
        "systemd/a.service",
        "systemd/b.service",
    }


def test_what_is_tried_apart_is_there() -> None:
    assert [name for name in proof.APART if not (proof.ROOT / name).exists()] == []
