"""Points for touches, by rules that the office writes as data (ポイント)."""
