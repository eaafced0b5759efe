"""Whatever several threads of the centre read is prepared when it is imported, in one thread.

msgspec 0.22 works a struct out when it is first read, in Python, and lets other threads see it half done: they crash,
and the process with them. Load showed it: forty units that came at once, in the first second of a process.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

WATCH = """
import sys

import msgspec

from central import reconcile
from central.console import proofs
from drivers.keystore.sim import Driver as Keystore
from sync import messages, segment
from sync.entries import EntryId

class Late(msgspec.Struct):
    at: int


body = b'{"kind":"boot","unit":"lib01","boot":"%s","seq":1,"at":1}' % (b"0" * 16)
text = segment.to_text(segment.Segment("lib01", "0" * 16, 1, bytes(32), (body,), bytes(64)))
signed = messages.sign(messages.TownTime(1, "07"), Keystore())
holdings = messages.Holdings("lib01", 1, "active", (), "generation", "fence", 1)
held = messages.sign(holdings, Keystore())
USES = {
    "a segment": lambda: segment.from_text(text),
    "the time": lambda: messages.open_signed(signed, messages.TownTime, Keystore().public),
    "holdings": lambda: messages.open_signed(held, messages.Holdings, Keystore().public),
    "a statement": lambda: reconcile._SAID._state.decode(b"{}"),
    "a proof": lambda: proofs._body(EntryId("lib01", "0" * 16, 1), body),
    "what nobody prepared": lambda: msgspec.json.decode(b'{"at":1}', type=Late),
}


late = []


def note(frame, event, _argument):
    if event == "call" and frame.f_code.co_name == "get_class_annotations":
        late.append(what)


for what, use in USES.items():
    sys.setprofile(note)
    use()
    sys.setprofile(None)
print(*late, sep=", ")
"""


def test_what_threads_read_is_prepared_when_it_is_imported() -> None:
    """The last of the uses shows that this way of looking would see it; if it does not, msgspec has changed."""
    done = subprocess.run([sys.executable, "-c", WATCH], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "what nobody prepared\n"
