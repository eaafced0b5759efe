"""The technician's laptop: what is done to a unit over SSH, by the system's own OpenSSH.

It knows the town only by what both ends agree on (`sync/`), and a unit only by what it answers; see docs/technician.md.
"""
