"""What kind of failure a task had, with its technical detail; and the time that its weights travelled.

Null for tasks of before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("task", sa.Column("failure_kind", sa.String(), nullable=True))
    op.add_column("task", sa.Column("failure_detail", sa.String(), nullable=True))
    op.add_column("task", sa.Column("transfer_seconds", sa.Double(), nullable=True))


def downgrade() -> None:
    for name in ("transfer_seconds", "failure_detail", "failure_kind"):
        op.drop_column("task", name)
