"""Who pays where and when in a month: counted, what may be shown of it, and what is published.

Months go by the clocks of those who wrote, so that what people did on a day is in its month, whenever it arrived.
"""
