"""The coin's QR codes: what is in them, letter by letter. Text in, text out; times, keys and names are arguments.

    mpm      a shop shows it, a phone reads it: whom to pay and, on a screen, how much (EMV, merchant-presented mode)
    cpm      a phone shows it, a shop's scanner reads it: who pays (EMV, consumer-presented mode)
    receipt  a unit prints it, anybody reads it: which entry it was, and that the unit has signed it

All of them refuse with `errors.CodeError`, and with nothing else, whatever a scanner has read.
"""
