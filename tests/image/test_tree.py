"""What is taken out of a root before it becomes an image, and what is put right in it."""

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

import tree

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root as mmdebstrap leaves it, as far as it tells of somebody."""
    root = tmp_path / "root"
    for name, text in {
        "boot/vmlinuz-6.12": "kernel",
        "etc/apt/sources.list": "deb http://mirror.example/debian trixie main",
        "etc/apt/apt.conf.d/99mmdebstrap": 'Acquire::http::Proxy "http://proxy.example";',
        "etc/hostname": "the-machine-that-built-it",
        "etc/machine-id": "0123456789abcdef0123456789abcdef",
        "etc/resolv.conf": "nameserver 192.0.2.1",
        "etc/ssh/ssh_host_ed25519_key": KEY,
        "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf",
        "usr/lib/os-release": "ID=debian\n",
        "var/lib/apt/lists/mirror.example_debian_dists_trixie_InRelease": "",
        "var/lib/dpkg/status": "Package: bash",
        "var/log/apt/history.log": "http://mirror.example",
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_nothing_tells_of_the_machine_that_built_it(root: Path) -> None:
    tree.strip(root, "0.1.0+abc")
    left = "\n".join(path.read_text() for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())
    assert [word for word in ("example", "192.0.2.1", "the-machine", "0123456789abcdef", KEY) if word in left] == []
    assert (root / "etc/ssh/sshd_config").exists()
    assert (root / "var/lib/dpkg/status").exists(), "what is installed can be asked on a unit"


def test_the_system_says_which_image_it_is(root: Path) -> None:
    tree.strip(root, "0.1.0+abc")
    assert (root / "usr/lib/os-release").read_text() == "ID=debian\nIMAGE_ID=machitap\nIMAGE_VERSION=0.1.0+abc\n"
    assert (root / "etc/machine-id").read_text() == "", "it is made at the first start"


def test_compiled_modules_are_used_whatever_time_their_source_has(root: Path) -> None:
    module = root / "usr/lib/python3/dist-packages/thing.py"
    module.parent.mkdir(parents=True)
    module.write_text("word = 'compiled'\n")
    py_compile.compile(str(module))
    module.write_text("word = 'anew from its source'\n")
    os.utime(module, (1, 1))
    tree.strip(root, "0.1.0+abc")
    command = [sys.executable, "-c", "import thing; print(thing.word)"]
    said = subprocess.run(command, cwd=module.parent, capture_output=True, text=True, check=True, env=os.environ)
    assert said.stdout == "compiled\n"
