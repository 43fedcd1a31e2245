"""The main database's tables, for SQLite and PostgreSQL. Changes go through `migrations/` too (a test
compares).

Times are UTC: `timestamptz` on PostgreSQL, ISO text on SQLite. What each CDR column means is in
docs/cdr.md.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

from ntpd112.cdr.summary import HANDED, Counts

MEASURED = tuple(name for name in Counts.__struct_fields__ if name.endswith("_ms"))
COUNTED = tuple(name for name in Counts.__struct_fields__ if name not in MEASURED)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, in UTC when read back, whatever the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _of_an_hour() -> list[Column[Any]]:
    """`queue`: empty for calls that came into none."""
    texts = [Column(name, Text, primary_key=True) for name in ("region", "queue", "trunk")]
    return [Column("hour", Integer, primary_key=True, autoincrement=False), *texts]


_json = JSON(none_as_null=True)
metadata = MetaData()
_WITH_SOUND = text("recording IS NOT NULL AND recording_removed_at IS NULL")

cdrs = Table(
    "cdrs",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("region", Text, nullable=False),
    Column("direction", Text, nullable=False, server_default="in"),
    Column("trunk", Text, nullable=False),
    Column("queue", Text),
    Column("priority", Integer),
    Column("caller", Text, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("dialled", Text, nullable=False),
    Column("diverted_from", Text, nullable=False),
    Column("category", Text),
    Column("callback_of", String(26)),
    Column("started_at", UtcDateTime, nullable=False),
    Column("queued_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("ring_s", Double, nullable=False),
    Column("wait_s", Double, nullable=False),
    Column("talk_s", Double, nullable=False),
    Column("hold_s", Double, nullable=False),
    Column("operator", Text),
    Column("disposition", Text, nullable=False),
    Column("classification", Text),
    Column("hangup_by", Text, nullable=False),
    Column("sip_code", Integer, nullable=False),
    Column("q850_cause", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("offers", Integer, nullable=False),
    Column("recording", Text),
    Column("quality", _json, nullable=False),
    Column("location", _json),
    Column("access_network", Text),
    Column("parts", _json, nullable=False),
    Column("sip_call_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("recording_removed_at", UtcDateTime),
    Column("held_at", UtcDateTime),
    Column("held_by", Text),
    Column("hold_reason", Text),
    Index("cdrs_by_time", "started_at", "id"),
    Index("cdrs_by_queue", "queue", "started_at", "id"),
    Index("cdrs_by_trunk", "trunk", "started_at", "id"),
    Index("cdrs_by_disposition", "disposition", "started_at", "id"),
    Index("cdrs_by_caller", "caller", "started_at", "id"),
    Index("cdrs_by_operator", "operator", "started_at", "id"),
    Index("cdrs_by_classification", "classification", "started_at", "id"),
    Index("cdrs_by_hold", "held_at"),
    Index("cdrs_with_sound", "started_at", sqlite_where=_WITH_SOUND, postgresql_where=_WITH_SOUND),
)

segments = Table(
    "segments",
    metadata,
    Column("call_id", String(26), ForeignKey("cdrs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("party", Text, nullable=False),
    Column("name", Text),
    Column("operator", Text),
    Column("purpose", Text),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ringing_at", UtcDateTime),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("sip_code", Integer),
    Column("q850_cause", Integer),
)

hours = Table(
    "hours",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("begins_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("is_due", Boolean, nullable=False),
    Column("is_closed", Boolean, nullable=False),
    Index("hours_due", "begins_at", sqlite_where=text("is_due = 1"), postgresql_where=text("is_due")),
)
"""Hours since 1970 in which calls began, and the same as times, so that neither database has to reckon; see
`hours.py`."""

hour_counts = Table(
    "hour_counts",
    metadata,
    *_of_an_hour(),
    *(Column(name, Integer, nullable=False) for name in COUNTED),
    *(Column(name, BigInteger, nullable=False) for name in MEASURED),
)

hour_agencies = Table(
    "hour_agencies",
    metadata,
    *_of_an_hour(),
    Column("agency", Text, primary_key=True),
    *(Column(name, Integer, nullable=False) for name in HANDED),
)

operators = Table(
    "operators",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("skills", _json, nullable=False),
    Column("realm", Text, nullable=False),
    Column("ha1_md5", String(32), nullable=False),
    Column("ha1_sha256", String(64), nullable=False),
    Column("role", Text, nullable=False, server_default="operator"),
    Column("updated_at", UtcDateTime, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("scopes", _json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Column("last_used_at", UtcDateTime),
    Column("last_address", Text),
)

passwords = Table(
    "passwords",
    metadata,
    Column("operator", String(64), ForeignKey("operators.id", ondelete="CASCADE"), primary_key=True),
    Column("argon2", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("operator", String(64), ForeignKey("operators.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("address", Text, nullable=False),
    Index("sessions_by_operator", "operator", "created_at"),
)

projections = Table(
    "projections",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("journal", String(32), nullable=False),
    Column("position", BigInteger, nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("number", Integer, nullable=False),
)
