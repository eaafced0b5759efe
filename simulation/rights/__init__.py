"""How well rights are placed: a season of a small town's payments, played with the code that ships, under outages."""
