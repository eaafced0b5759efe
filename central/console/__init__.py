"""The office's view: what stands where, what has just happened, what needs a person. It reads, and decides nothing."""
