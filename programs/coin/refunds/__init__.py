"""Money given back after a payment, whole or in part, as an entry of its own: what the office writes, and what adds up.

A shop gives back by itself while the payment says so (`entries.ShopRefund`), and the office after that; the table has
both.
"""
