"""The first schema: CDRs with their segments, operators, API keys, positions of projections, revisions."""

import sqlalchemy as sa
from alembic import op

from ntpd112.cdr.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime()),
    )
    op.create_table(
        "cdrs",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("trunk", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text()),
        sa.Column("priority", sa.Integer()),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("caller_name", sa.Text(), nullable=False),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("diverted_from", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("queued_at", UtcDateTime()),
        sa.Column("answered_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("ring_s", sa.Double(), nullable=False),
        sa.Column("wait_s", sa.Double(), nullable=False),
        sa.Column("talk_s", sa.Double(), nullable=False),
        sa.Column("hold_s", sa.Double(), nullable=False),
        sa.Column("operator", sa.Text()),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("classification", sa.Text()),
        sa.Column("hangup_by", sa.Text(), nullable=False),
        sa.Column("sip_code", sa.Integer(), nullable=False),
        sa.Column("q850_cause", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("offers", sa.Integer(), nullable=False),
        sa.Column("recording", sa.Text()),
        sa.Column("quality", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("location", sa.JSON(none_as_null=True)),
        sa.Column("access_network", sa.Text()),
        sa.Column("parts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sip_call_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
    )
    op.create_index("cdrs_by_caller", "cdrs", ["caller", "started_at", "id"])
    op.create_index("cdrs_by_classification", "cdrs", ["classification", "started_at", "id"])
    op.create_index("cdrs_by_operator", "cdrs", ["operator", "started_at", "id"])
    op.create_index("cdrs_by_time", "cdrs", ["started_at", "id"])
    op.create_table(
        "operators",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("skills", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("realm", sa.Text(), nullable=False),
        sa.Column("ha1_md5", sa.String(32), nullable=False),
        sa.Column("ha1_sha256", sa.String(64), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "projections",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("journal", sa.String(32), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "revisions",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False),
    )
    op.create_table(
        "segments",
        sa.Column("call_id", sa.String(26), sa.ForeignKey("cdrs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text()),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ringing_at", UtcDateTime()),
        sa.Column("answered_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("sip_code", sa.Integer()),
        sa.Column("q850_cause", sa.Integer()),
    )


def downgrade() -> None:
    for table in ("segments", "revisions", "projections", "operators", "cdrs", "api_keys"):
        op.drop_table(table)
