"""The page on which a visitor holds cards: the demo town's residents, its three units, and a pair of pliers."""
