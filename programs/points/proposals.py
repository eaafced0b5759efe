"""A proposal's name is a hash of the plan, so whoever activates it has seen what was proposed, and nothing else."""

import hashlib
from typing import Final

import msgspec

from programs.points.entries import Plan

_DIGITS: Final = 12


def proposal_id(plan: Plan) -> str:
    return hashlib.sha256(msgspec.json.encode(plan)).hexdigest()[:_DIGITS]
