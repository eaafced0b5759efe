"""How shops are paid (精算): what each has to get, when, and the file with which the bank pays it.

`facts.py` is what the office says; `calendar.py` when a period ends and is paid; `books.py` what became of each batch;
`tables.py` what was entered of shops, and `counted.py` which batch has counted it; `plan.py` who gets what; `settle.py`
makes a batch, and `marking.py` says what became of it; `bank.py` is the bank's file, made from the facts alone;
`statement.py` what a shop is told, and `paper.py` how it looks; `disputes.py` which of it somebody says is wrong.

Everything that decides is a signed fact in the office's own journal, and the ledger books by those. The file comes
after them: whoever loses it writes it again, byte for byte.
"""
