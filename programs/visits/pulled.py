"""What the visits hand over for a span of days: the months that were published, as they were."""

from collections.abc import Mapping

import sqlalchemy as sa

from central.pulled import Pulled, PulledError, Span
from programs.visits.publishing import PublishError, feed
from sync.months import written


class VisitsPulled:
    """See `central.pulled.Pulled`. Of a month that may still change, two versions would tell who came."""

    def files(self, connection: sa.Connection, span: Span) -> Mapping[str, bytes]:
        try:
            published = feed(connection)
        except PublishError as error:
            raise PulledError(str(error)) from error
        names = [f"visits-{written(month)}.csv" for month in span.months]
        return {name: published[name] for name in names if name in published}


PULLED: Pulled = VisitsPulled()
