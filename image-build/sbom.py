"""What an image is made of, as CycloneDX 1.6, and every licence in it as a list for people.

Debian says licences in each package's copyright file, in a form for programs where its maintainer wrote one
(DEP 5); Python packages say theirs in their METADATA. Where neither does, the list says so.
"""

import email.parser
import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

FORMAT = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0"
UNSAID = "see its copyright file"


@dataclass(frozen=True)
class Component:
    """A package in the image."""

    kind: str  # deb, pypi, or generic: what only we have
    name: str
    version: str
    licences: tuple[str, ...]
    source: str = ""
    vendor: str = "debian"  # whose package it is, of deb

    @property
    def purl(self) -> str:
        """Return the package's address, as https://github.com/package-url/purl-spec says it."""
        name, version = quote(self.name, safe=""), quote(self.version, safe="")
        if self.kind == "deb":
            return f"pkg:deb/{self.vendor}/{name}@{version}?arch=arm64&distro=debian-13"
        return f"pkg:{self.kind}/{name.lower().replace('_', '-')}@{version}"


def debian(root: Path) -> list[Component]:
    """Return the Debian packages of a root."""
    stanzas = (root / "var/lib/dpkg/status").read_text().split("\n\n")
    found = []
    for stanza in filter(str.strip, stanzas):
        fields = email.parser.Parser().parsestr(stanza, headersonly=True)
        if fields["Status"] == "install ok installed":
            name = fields["Package"]
            said = licences_in(root / "usr/share/doc" / name / "copyright")
            found.append(Component("deb", name, fields["Version"], said, (fields["Source"] or name).split()[0]))
    return sorted(found, key=lambda one: one.name)


def licences_in(copyright_file: Path) -> tuple[str, ...]:
    """Return the licences that a copyright file in the form for programs names."""
    text = copyright_file.read_text(errors="replace") if copyright_file.exists() else ""
    if FORMAT not in text.replace("http:", "https:").partition("\n\n")[0]:
        return ()
    named = re.findall(r"^License:[ \t]*(\S[^\n]*)$", text, re.MULTILINE)
    return tuple(sorted({line.strip() for line in named}))


def python(packages: Path) -> list[Component]:
    """Return the Python packages of an environment."""
    found = []
    for file in packages.glob("*.dist-info/METADATA"):
        fields = email.parser.Parser().parsestr(file.read_text(), headersonly=True)
        classified = [
            one.rpartition(" :: ")[2] for one in fields.get_all("Classifier", []) if one.startswith("License ::")
        ]
        short = [said for said in (fields["License-Expression"], fields["License"]) if said and "\n" not in said]
        found.append(Component("pypi", fields["Name"], fields["Version"], tuple(short[:1] or sorted(classified))))
    return sorted(found, key=lambda one: one.name.lower())


def cyclonedx(image: str, version: str, moment: str, components: list[Component]) -> str:
    """Return the bill of materials; the same for the same packages."""
    return json.dumps(
        {
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {
                "timestamp": moment,
                "component": {"type": "operating-system", "bom-ref": image, "name": image, "version": version},
            },
            "components": [_entry(one) for one in components],
            "dependencies": [{"ref": image, "dependsOn": [one.purl for one in components]}],
        },
        indent=1,
        ensure_ascii=False,
    )


def _entry(one: Component) -> dict[str, object]:
    entry: dict[str, object] = {"type": "library", "bom-ref": one.purl, "name": one.name, "version": one.version}
    entry["purl"] = one.purl
    if one.licences:
        entry["licenses"] = [{"license": {"name": licence}} for licence in one.licences]
    if one.source:
        entry["properties"] = [{"name": "debian:source", "value": one.source}]
    return entry


def licences(components: list[Component]) -> str:
    """Return the list for people: one package a line."""
    lines = (f"{one.name} {one.version}: {', '.join(one.licences) or UNSAID}" for one in components)
    return "\n".join(lines) + "\n"
