"""`python -m tests.fuzz SECONDS [TARGET …]`: each target for so long, guided by which lines of code it has reached.

Needs atheris (`pip install atheris`; ready-built for 64-bit x86 and CPython up to 3.13), which nothing else here needs.
Each target runs in a process of its own, since the fuzzer never returns. Prints executions and crashes; an input that
crashes is kept in var/fuzz. Ends with 1 if there was one.
"""

import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HANG_SECONDS = 2
LENGTH_MAX = 8_192
MISSING, FOUND = 3, 1
OUT = Path("var/fuzz")


def main(words: list[str]) -> int:
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write("fuzzing needs atheris: .venv/bin/pip install atheris\n")
        return MISSING
    if words[:1] == ["--target"]:
        _fuzz(words[1], words[2], Path(words[3]))
    seconds, *names = words or ["60"]
    from tests.fuzz.test_parsers import NAMES  # noqa: PLC0415 - it brings the parsers, which a fuzzing process traces

    OUT.mkdir(parents=True, exist_ok=True)
    crashes = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names or NAMES:
            crashes += _run(name, seconds, Path(folder))
    sys.stdout.write(f"{crashes} targets crashed; {seconds} s each\n")
    return FOUND if crashes else 0


def _run(name: str, seconds: str, folder: Path) -> bool:
    """Fuzz one target in a process of its own; print how it went; return whether it crashed."""
    command = [sys.executable, "-m", "tests.fuzz", "--target", name, seconds, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    executions = re.findall(r"number_of_executed_units:\s*(\d+)|Done (\d+) runs|^#(\d+)\s", done.stderr, re.MULTILINE)
    count = max((int(number) for found in executions for number in found if number), default=0)
    crashed = done.returncode != 0
    sys.stdout.write(f"  {name:<28} {count:>9} executions  {'CRASH' if crashed else 'no crash'}\n")
    sys.stdout.flush()
    if crashed:
        (OUT / f"{name}.log").write_text(done.stderr)
        sys.stderr.write(done.stderr[-2_000:])
    return crashed


def _fuzz(name: str, seconds: str, folder: Path) -> None:
    """Fuzz this target in this process; never returns."""
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415 - see above

    with atheris.instrument_imports(include=["drivers", "sync", "programs"]):
        from tests.fuzz.targets import targets  # noqa: PLC0415
    target = targets(folder / "pki")[name]
    seeds = folder / name
    seeds.mkdir()
    for number, seed in enumerate(target.seeds):
        (seeds / str(number)).write_bytes(seed)
    limits = [f"-max_total_time={seconds}", f"-timeout={HANG_SECONDS}", f"-max_len={LENGTH_MAX}", "-rss_limit_mb=1024"]
    out = ["-print_final_stats=1", f"-artifact_prefix={OUT}/{name.replace(' ', '-')}-"]
    atheris.Setup(["fuzz", *limits, *out, str(seeds)], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
