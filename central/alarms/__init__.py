"""Tells people of troubles by mail and webhook: when one begins, now and then while it lasts, and when it ends."""
