"""The id of the request that a task goes back to, which stands in every log line."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("task") as table:
        table.add_column(sa.Column("correlation_id", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("task") as table:
        table.drop_column("correlation_id")
