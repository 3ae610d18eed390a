"""Descriptions and contacts of sites, archived sites, and the history of data sets' checks."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site", sa.Column("description", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("site", sa.Column("contact", sa.String(), nullable=False, server_default=sa.text("''")))
    op.add_column("site", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "dataset_check",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dataset_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=True),
        sa.Column("num_used", sa.Integer(), nullable=False),
        sa.Column("num_skipped", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_dataset_check"),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name="fk_dataset_check_dataset_id_dataset", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_dataset_check_dataset_id", "dataset_check", ["dataset_id"])


def downgrade() -> None:
    op.drop_index("ix_dataset_check_dataset_id", "dataset_check")
    op.drop_table("dataset_check")
    op.drop_column("site", "archived_at")
    op.drop_column("site", "contact")
    op.drop_column("site", "description")
