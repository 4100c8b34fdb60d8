"""SQL over the tables of a trace, in DuckDB (extra ``sql``)."""

from timeline.query.database import Database

__all__ = ["Database"]
