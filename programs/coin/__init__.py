"""The town's coin."""
