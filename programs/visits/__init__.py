"""The public service pass (公共サービスパス): a touch at a place, and what is used in the town."""
