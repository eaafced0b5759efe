"""What the visits hand over for a span of days: the months that were published, as they were."""

from collections.abc import Mapping

import sqlalchemy as sa

from central.published import PublishError
from central.pulled import Pulled, PulledError, Span
from programs.visits.tables import published


class VisitsPulled:
    """See `central.pulled.Pulled`. Of a month that may still change, two versions would tell who came."""

    def files(self, connection: sa.Connection, span: Span) -> Mapping[str, bytes]:
        try:
            files, _ = published.files(connection)
        except PublishError as error:
            raise PulledError(str(error)) from error
        names = [published.name(month) for month in span.months]
        return {name: files[name] for name in names if name in files}


PULLED: Pulled = VisitsPulled()
