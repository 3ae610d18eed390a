"""Masks of a few test cases over the rounds."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_history",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("chosen_model", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_case_history_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "round", "case_id", name="pk_case_history"),
    )


def downgrade() -> None:
    op.drop_table("case_history")
