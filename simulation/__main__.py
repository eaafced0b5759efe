"""`python -m simulation town …`: the same as `machi simulate town …`, of the tree in which it is called."""

from simulation.cli import simulate

if __name__ == "__main__":
    simulate()
