"""The clerk's desk on the console: residents are found, registered and looked after; and who looked at whose name.

`forms` reads what was typed; `acts` has what can be done to a file; `view` opens one for its page; `pages` and `audit`
have the addresses. No name is in an address, and none is shown before the office's journal says who looks at it.
"""
