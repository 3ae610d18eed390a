"""Scores of validation cases, one by one."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "validated_case",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("site_slug", sa.String(), nullable=False),
        sa.Column("scores", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("distance_unit", sa.String(), nullable=False),
        sa.Column("probabilities", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("chosen_model", sa.String(), nullable=True),
        sa.Column("unlikeness", sa.Double(), nullable=True),
        sa.Column("of_no_site", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_validated_case_run_id_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "round", "case_id", name=op.f("pk_validated_case")),
    )


def downgrade() -> None:
    op.drop_table("validated_case")
