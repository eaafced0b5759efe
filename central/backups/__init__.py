"""Backups of the centre: made while it serves, tried out before they are needed, and put back."""
