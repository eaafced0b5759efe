"""Who lives in the town and has registered: pseudonyms in the books, and what stands behind them, sealed.

`person` is what stands in a file; `sealing` closes and opens it; `standing` folds what was said about a file;
`deciding` says what follows from a wish of the desk, or why it cannot be; `ages`, of which age band somebody is.
`books` keeps what was folded, `files` what was sealed.
"""
