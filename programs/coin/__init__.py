"""The town's coin (地域通貨). Only the file that pays the shops is here yet; a program begins with its `rules.py`."""
