"""How the centre's core tables came to be, step by step. Tables of the programs are derived and need no migrations."""
