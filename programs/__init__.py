"""What the town offers: one folder each, named as the town names it. A new program is a new folder and nothing else.

Inside a program: `entries.py` its facts, `rules.py` pure fold and decision, `terminal.py` its counters at a unit,
`office.py` its tables and pages at the centre. A folder `programs/` elsewhere on Python's path adds its own to these.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
