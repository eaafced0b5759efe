"""Umbrellas that the town lends (貸し傘): hold the card and take one, hold it again and put it back."""
