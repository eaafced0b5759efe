"""What a counter of the coin gives out: receipts, bills for phones, and the phones' codes that it can read."""

from appliance.journal import Written
from appliance.papers import Around
from drivers.card import CardError, NotReadableError, OtherCardError
from drivers.printer import Slip
from programs.coin.bills import bill
from programs.coin.codes import cpm, receipt
from programs.coin.codes.errors import CodeError, Why
from programs.coin.entries import Charge, Pay, TakenBack, money
from programs.coin.rules import PAY
from programs.coin.slips import for_practice, slip
from programs.coin.terms import TERMS_KEY, TERMS_READER, Agreed, Terms
from sync.program import Wish
from sync.rights import RIGHTS, Right, right_key


class CoinPapers:
    """The papers of both counters."""

    def receipt(self, written: Written, around: Around) -> Slip | None:
        fact, code = written.entry.fact, self.receipt_code(written)
        if not code or not isinstance(fact, Charge | Pay | TakenBack):
            return None
        rights: int | None = None
        if _terms(around).rights_on_receipts and not around.is_copy:  # what is left now is not what was left then
            right: Right = around.state(RIGHTS, right_key(written.entry.unit, fact.life, money(fact.card)))
            rights = right.amount
        made = slip(written.entry, code, around.town, around.place(fact.place), rights)
        return for_practice(made) if made and around.is_practice else made

    def receipt_code(self, written: Written) -> str:
        if written.seal is None or not isinstance(written.entry.fact, Charge | Pay | TakenBack):
            return ""
        return receipt.write(receipt.Receipt(written.entry.id, written.hash, written.seal))

    def bill(self, wish: Wish, name: str, place: str, around: Around) -> str:
        network = _terms(around).network
        if wish.what != PAY or not network:
            return ""
        try:
            return bill(network, around.town, around.place(place), wish.amount, name, around.unit)
        except CodeError:  # an amount or a name that no code can say; cards are taken all the same
            return ""

    def spelled(self, text: str) -> str:
        if not cpm.claims(text):
            return text
        try:
            return cpm.read(text)
        except CodeError as error:
            raise _refusal(error) from error


def _refusal(error: CodeError) -> CardError:
    return OtherCardError() if error.why is Why.FOREIGN else NotReadableError(str(error))


def _terms(around: Around) -> Terms:
    agreed: Agreed = around.state(TERMS_READER, TERMS_KEY)
    return agreed.terms
