"""Shops pay each other out of what they took in, before it goes to a bank: so a coin goes round more than once."""
