"""Cards with a counter of their own: any unit spends their money, and none of it has to be dealt out beforehand.

What may have been spent elsewhere is at most so much for each step that the counter in the card has made. `facts` says
what is told, `fold` what a unit knows, `deciding` what may be spent, and `books` what the centre knows.
"""
