"""Steps (歩数): how far people walked on a day, by a pedometer, a phone or a list; without a phone as well."""
