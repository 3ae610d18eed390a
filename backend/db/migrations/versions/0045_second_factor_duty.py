"""Who must have a second factor, as an administrator decided."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "second_factor_duty",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factor_duty")),
    )


def downgrade() -> None:
    op.drop_table("second_factor_duty")
