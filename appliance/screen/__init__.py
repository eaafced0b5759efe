"""The page that a unit serves to its own display: a picture of what light, sound and words say already."""
