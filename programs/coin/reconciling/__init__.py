"""Shops' money, held side by side: what units wrote, what the town's ledger has, what the bank was told to pay.

`sums.py` has the three figures of each shop and period, and what each difference comes from; `differences.py` the
single entries that somebody may want to look at; `showing.py` what the page shows; `acts.py` what people do there.
"""
