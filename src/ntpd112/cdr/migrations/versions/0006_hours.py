"""Calls counted by the hour, for daily and monthly reports."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

from ntpd112.cdr.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COUNTED = (
    "incoming",
    "answered",
    "abandoned",
    "abandoned_short",
    "overflowed",
    "rejected",
    "failed",
    "interrupted",
    "emergency",
    "information",
    "ghost",
    "prank",
    "within_10",
    "within_15",
    "within_20",
    "queued",
    "outgoing",
    "internal",
)
MEASURED = ("answer_ms", "wait_ms", "longest_wait_ms", "talk_ms")
HANDED = ("transferred", "conferenced", "overflowed", "unanswered")
HOUR = timedelta(hours=1)


def upgrade() -> None:
    hours = op.create_table(
        "hours",
        sa.Column("hour", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("begins_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
    )
    op.create_index(
        "hours_due",
        "hours",
        ["begins_at"],
        sqlite_where=sa.text("is_due = 1"),
        postgresql_where=sa.text("is_due"),
    )
    _create(
        "hour_counts",
        [],
        [(name, sa.Integer()) for name in COUNTED] + [(name, sa.BigInteger()) for name in MEASURED],
    )
    _create("hour_agencies", ["agency"], [(name, sa.Integer()) for name in HANDED])
    op.bulk_insert(hours, [_due(begins_at) for begins_at in _hours_with_calls(op.get_bind())])


def _create(name: str, more: list[str], counts: Sequence[tuple[str, sa.Integer]]) -> None:
    texts = ("region", "queue", "trunk", *more)
    op.create_table(
        name,
        sa.Column("hour", sa.Integer(), primary_key=True, autoincrement=False),
        *(sa.Column(text, sa.Text(), primary_key=True) for text in texts),
        *(sa.Column(count, kind, nullable=False) for count, kind in counts),
    )


def _due(begins_at: datetime) -> dict[str, object]:
    """They are counted by the agent, or by the first report."""
    return {
        "hour": int(begins_at.timestamp()) // 3600,
        "begins_at": begins_at,
        "ends_at": begins_at + HOUR,
        "is_due": True,
        "is_closed": False,
    }


def _hours_with_calls(connection: sa.Connection) -> list[datetime]:
    """From one to the next by the index on CDRs' starts."""
    started_at = sa.table("cdrs", sa.column("started_at", UtcDateTime())).c.started_at
    found: list[datetime] = []
    since = datetime.fromtimestamp(0, UTC)
    while at := connection.scalar(sa.select(sa.func.min(started_at)).where(started_at >= since)):
        found.append(at.replace(minute=0, second=0, microsecond=0))
        since = found[-1] + HOUR
    return found


def downgrade() -> None:
    for table in ("hour_agencies", "hour_counts"):
        op.drop_table(table)
    op.drop_index("hours_due", "hours")
    op.drop_table("hours")
