"""Debian 13 from the mirrors that this machine's apt has: which lines, and which versions they offer today.

Nothing about a mirror is written anywhere but in a temporary folder.
"""

import tempfile
from pathlib import Path

from machine import BuildError, run

SUITE = "trixie"
COMPONENTS = "main non-free-firmware"  # the second for what a Pi's own processor and its radio load
KEYS = Path("/usr/share/keyrings")


def lines() -> list[str]:
    """Return what a sources.list of Debian 13 says, with this machine's mirrors.

    Raises:
        BuildError: this machine has none.
    """
    asked = ("--format", "$(REPO_URI) $(CODENAME) $(ORIGIN)", "Created-By: Packages", "Origin: Debian")
    own = {line for line in run("apt-get", "indextargets", *asked).decode().splitlines() if line.strip()}
    found = sorted({_later(*line.split()[:2]) for line in own})
    if not found:
        raise BuildError("this machine's apt has no mirror of Debian; `apt-get indextargets` shows what it has")
    return found


def _later(address: str, codename: str) -> str:
    """Say the same for Debian 13: bookworm-security becomes trixie-security."""
    _, dash, part = codename.partition("-")
    return f"deb [signed-by={KEYS}/debian-archive-keyring.gpg] {address} {SUITE}{dash}{part} {COMPONENTS}"


def options() -> list[str]:
    """Return this machine's settings for downloads which a new root's apt has to have too."""
    said = run("apt-config", "dump", "Acquire").decode().splitlines()
    return [line for line in said if line.startswith(("Acquire::Check", "Acquire::http", "Acquire::Retries"))]


def versions(packages: list[str]) -> list[str]:
    """Return what would be installed today, as sorted lines "name version"."""
    with tempfile.TemporaryDirectory() as folder:
        apt = _apt(Path(folder))
        run("apt-get", "update", "-qq", APT_CONFIG=apt)
        said = run("apt-get", "--simulate", "install", "?essential", *packages, APT_CONFIG=apt).decode()
    planned = (line.split() for line in said.splitlines() if line.startswith("Inst "))
    return sorted(f"{words[1]} {words[2].lstrip('(')}" for words in planned)


def _apt(folder: Path) -> str:
    """Lay an apt into a folder which knows nothing of this machine's packages; return its settings file."""
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "sources.list").write_text("\n".join(lines()) + "\n")
    settings = [
        'APT::Architecture "arm64";',
        'APT::Architectures { "arm64"; };',
        'APT::Install-Recommends "false";',
        f'Dir::State "{folder}/state";',
        f'Dir::State::status "{folder}/status";',
        f'Dir::Cache "{folder}/cache";',
        f'Dir::Etc::sourcelist "{folder}/sources.list";',
        'Dir::Etc::sourceparts "/dev/null";',
        *options(),
    ]
    file = folder / "apt.conf"
    file.write_text("\n".join(settings) + "\n")
    return str(file)
