"""Why something about a draw was not done, in the words of whoever has to do something about it."""

from central.worded import WordedError


class DrawError(WordedError):
    """Nothing was written; the message says why, and what to do."""
