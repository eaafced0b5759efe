"""The bill of materials: every package with version, licences and address, from what Debian and Python packages say."""

import json
from pathlib import Path

import pytest

import sbom

STATUS = """Package: pcscd
Status: install ok installed
Architecture: arm64
Source: pcsc-lite (2.3.3-1)
Version: 2.3.3-1+b1

Package: libc6
Status: install ok installed
Architecture: arm64
Version: 2:2.41-12

Package: gone
Status: deinstall ok config-files
Version: 1
"""
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: pcsc-lite

Files: *
License: BSD-3-clause

Files: debian/*
License: GPL-3+

License: GPL-3+
 This program is free software.
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in (("pcscd", COPYRIGHT), ("libc6", "It was put together by hand.\nLicense: not a field\n")):
        folder = tmp_path / "usr/share/doc" / name
        folder.mkdir(parents=True)
        (folder / "copyright").write_text(text)
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    for name, lines in (
        ("apsw", "License-Expression: any-OSI"),
        ("nfcpy", "License: EUPL\nClassifier: License :: OSI"),
    ):
        folder = tmp_path / f"packages/{name}-1.0.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{lines}\n\nText.\n")
    return tmp_path


@pytest.fixture
def components(root: Path) -> list[sbom.Component]:
    own = sbom.Component("generic", "machitap_tryboot", "0.1.0+abc", ("GPL-2.0-only",))
    return [*sbom.debian(root), *sbom.python(root / "packages"), own]


def test_what_is_installed_is_found_with_its_licences(components: list[sbom.Component]) -> None:
    assert [(one.kind, one.name, one.version, one.licences) for one in components] == [
        ("deb", "libc6", "2:2.41-12", ()),
        ("deb", "pcscd", "2.3.3-1+b1", ("BSD-3-clause", "GPL-3+")),
        ("pypi", "apsw", "1.0", ("any-OSI",)),
        ("pypi", "nfcpy", "1.0", ("EUPL",)),
        ("generic", "machitap_tryboot", "0.1.0+abc", ("GPL-2.0-only",)),
    ]


def test_the_bill_is_what_cyclonedx_asks_for(components: list[sbom.Component]) -> None:
    bill = json.loads(sbom.cyclonedx("machitap", "0.1.0+abc", "2026-11-29T00:00:00Z", components))
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert bill["metadata"]["component"]["type"] == "operating-system"
    found = {one["name"]: one for one in bill["components"]}
    assert found["pcscd"] == {
        "type": "library",
        "bom-ref": "pkg:deb/debian/pcscd@2.3.3-1%2Bb1?arch=arm64&distro=debian-13",
        "name": "pcscd",
        "version": "2.3.3-1+b1",
        "purl": "pkg:deb/debian/pcscd@2.3.3-1%2Bb1?arch=arm64&distro=debian-13",
        "licenses": [{"license": {"name": "BSD-3-clause"}}, {"license": {"name": "GPL-3+"}}],
        "properties": [{"name": "debian:source", "value": "pcsc-lite"}],
    }
    assert found["machitap_tryboot"]["purl"] == "pkg:generic/machitap-tryboot@0.1.0%2Babc"
    assert "licenses" not in found["libc6"], "what nobody says is not made up"
    (tree,) = bill["dependencies"]
    assert tree == {"ref": "machitap", "dependsOn": [one["bom-ref"] for one in bill["components"]]}
    assert len({one["bom-ref"] for one in bill["components"]}) == len(components)


def test_the_list_for_people_names_every_package(components: list[sbom.Component]) -> None:
    assert sbom.licences(components).splitlines() == [
        "libc6 2:2.41-12: see its copyright file",
        "pcscd 2.3.3-1+b1: BSD-3-clause, GPL-3+",
        "apsw 1.0: any-OSI",
        "nfcpy 1.0: EUPL",
        "machitap_tryboot 0.1.0+abc: GPL-2.0-only",
    ]
