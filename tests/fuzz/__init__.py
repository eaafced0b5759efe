"""Whatever comes from outside, as noise: cards, codes, receivers, segments and messages, each by its own parser."""
