"""What the office does with the coin when something went wrong; each has a section in docs/procedures.md."""
