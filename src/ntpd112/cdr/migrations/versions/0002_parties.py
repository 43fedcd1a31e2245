"""Who else takes part in a call; calls that operators make."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cdrs", sa.Column("direction", sa.Text(), nullable=False, server_default="in"))
    op.add_column("cdrs", sa.Column("category", sa.Text()))
    op.add_column("cdrs", sa.Column("callback_of", sa.String(26)))
    op.add_column("segments", sa.Column("name", sa.Text()))
    op.add_column("segments", sa.Column("purpose", sa.Text()))
    op.execute("UPDATE segments SET name = operator")


def downgrade() -> None:
    for column in ("purpose", "name"):
        op.drop_column("segments", column)
    for column in ("callback_of", "category", "direction"):
        op.drop_column("cdrs", column)
