"""Appending to the journal, signed and durable, against a bare append of 4 KiB and fdatasync on the same disk."""

import os
import time
from pathlib import Path

from appliance.opening import World, open_journal
from bench.journals import touch
from bench.report import median, ms, percentile, rate, row, title
from drivers.clock.system import Driver as Clock
from drivers.disk.file import Driver as Disk
from drivers.entropy.system import Driver as Entropy
from drivers.keystore.sim import Driver as Keystore
from drivers.monotonic.none import Driver as Monotonic
from programs.visits.entries import Touch
from sync import facts

BLOCKS, BLOCK = 12, 200
PAGE = b"\0" * 4096


def measure(folder: Path) -> None:
    title("Journal: encode, chain, sign, entry and head, COMMIT; against append 4 KiB + fdatasync beside it")
    world = World(Disk(Disk.Options(str(folder))), Keystore(), Clock(), Entropy(), Monotonic())
    opened = open_journal(world, "append.db", "lib01", facts.register((Touch,)), (), "bench")
    raw_handle = os.open(folder / "raw", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    ratios, raw_times, our_times = [], [], []
    number = 0
    for _ in range(BLOCKS):
        began = time.perf_counter()
        for _ in range(BLOCK):
            os.write(raw_handle, PAGE)
            os.fdatasync(raw_handle)
        raw = time.perf_counter() - began
        began = time.perf_counter()
        for _ in range(BLOCK):
            number += 1
            at = time.perf_counter()
            opened.journal.append([touch(number)])
            our_times.append(time.perf_counter() - at)
        ours = time.perf_counter() - began
        opened.journal.checkpoint()  # between touches, as in the daemon
        raw_times.append(raw / BLOCK)
        ratios.append(raw / ours)
    os.close(raw_handle)
    opened.journal.close()
    row("append 4 KiB + fdatasync", rate(1 / median(raw_times)))
    row("journal append", rate(1 / median(our_times)), f"p99 {ms(percentile(our_times, 0.99))}")
    row("ratio, median of blocks", f"{median(ratios):.2f}", f"aim 0.60; {min(ratios):.2f} to {max(ratios):.2f}")
