"""Money given back after the day of a payment, whole or in part: by the office, as an entry of its own."""
