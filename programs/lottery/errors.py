"""Why something about a draw was not done, in the words of whoever has to do something about it."""


class DrawError(Exception):
    """Nothing was written; the message says why, and what to do."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(f"{ja} / {en}")
        self.ja = ja
        self.en = en
