"""What stands in for a card: a child's tag, a FeliCa card's number, a printed code, a phone's code.

    profile   what it is                          proof    fresh     what that means
    type_a    UID of a tag of type A              none     copy      a number that anybody can read and imitate
    felica    IDm of a FeliCa card                none     copy      the same
    sun       NTAG 424 DNA: MAC over a counter    token    counter   a key in the tag made it, but not for us: a reader
                                                                     in a crowd can collect a few and show them later
    printed   QR code signed by the town          token    copy      issued by the town; a photograph does as well
    phone     QR code signed by a phone           token    window    the phone made it some seconds ago

None of them is a card's proof, and none is for money without a cap. The first three are read by `identify`, where the
town's order names them; codes come from a scanner as text, to `identify_code`.
"""
