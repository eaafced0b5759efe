"""The lots of a card's money: where each yen came from, until when it is good, and what became of it.

Units and rights know one amount and nothing of lots; that no yen is spent twice does not depend on anything in here.
"""
