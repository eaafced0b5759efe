"""The journal explorer: entries by unit, kind, day and card, how chains stand, one payment followed through."""
