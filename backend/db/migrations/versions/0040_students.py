"""Experiments whose run is a student of a finished super model."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("experiment", sa.Column("teacher_run_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("experiment", "teacher_run_id")
