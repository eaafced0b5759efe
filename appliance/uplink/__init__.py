"""The second process of a unit: it has the network, and neither card nor journal. It carries, and opens no letters."""
