"""What all errors have in common that people read."""


class WordedError(Exception):
    """Something was not done. `ja`, `en`: why, and what to do, in whole sentences."""

    def __init__(self, ja: str, en: str) -> None:
        super().__init__(f"{ja}\n{en}")
        self.ja = ja
        self.en = en
