"""The resident's page: what is on a card, and paying with a phone. Served to everybody; who may see what, `door` says.

`door` lets a phone in by a link that the office gives out after a touch, `session` keeps it in, `purse` is the port
that a program fills (what is shown, and how something is paid), `draws` another (the town's draws, and tickets for
points), `app` puts them behind HTTP, and `pages/` is what runs on the phone: it works without a network too, and has
the only copy of the phone's key.
"""
