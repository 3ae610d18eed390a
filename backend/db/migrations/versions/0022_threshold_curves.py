"""What validation says of each threshold of a super model, by which a better one is chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "threshold_curve",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("site_slug", sa.String(), nullable=False),
        sa.Column("points", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_threshold_curve_run_id_run"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "round", "site_slug", name=op.f("pk_threshold_curve")),
    )


def downgrade() -> None:
    op.drop_table("threshold_curve")
