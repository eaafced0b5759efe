"""Checking a long chain, and what an entry costs on the wire."""

import time

from bench.journals import segments
from bench.report import rate, row, title
from drivers.keystore.sim import Driver as Keystore
from programs.visits.entries import Touch
from sync import chain, facts
from sync.segment import ENTRIES_MAX, pack, to_text

ENTRIES = 1_000_000


def measure() -> None:
    title("Chain: a million entries")
    keystore = Keystore()
    journal = list(segments(keystore, "lib01", "9f3c0a1b22d4e5f6", ENTRIES // ENTRIES_MAX))
    register = facts.register((Touch,))
    began = time.process_time()
    for segment in journal:
        chain.links(segment.prev, segment.bodies)
    links = time.process_time() - began
    began = time.process_time()
    for segment in journal:
        chain.check_seal(keystore.public, chain.links(segment.prev, segment.bodies)[-1], segment.seal)
        segment.entries(register)
    whole = time.process_time() - began
    row("SHA-256 links alone", f"{links:.2f} s", rate(ENTRIES / links))
    remark = f"aim 3 s on one core; {rate(ENTRIES / whole)}"
    row("links, a seal per 500, JSON decoded and checked", f"{whole:.2f} s", remark)
    sizes = [len(pack(to_text(segment))) / ENTRIES_MAX for segment in journal[:50]]
    plain = len(to_text(journal[0])) / ENTRIES_MAX
    row("bytes an entry on the wire, segments of 500", f"{sum(sizes) / len(sizes):.1f}", f"aim 50; {plain:.0f} as text")
