"""Pairs of images that are possibly one patient's: what the last check found of them, and what somebody decided."""

import sqlalchemy as sa
from alembic import op

from backend.db.base import UtcDateTime

revision = "0014b"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dataset", sa.Column("alike", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "pair_decision",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("first_site_id", sa.String(), nullable=False),
        sa.Column("first_sha256", sa.String(), nullable=False),
        sa.Column("second_site_id", sa.String(), nullable=False),
        sa.Column("second_sha256", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_site_id"], ["site.id"], name=op.f("fk_pair_decision_first_site_id_site"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["second_site_id"], ["site.id"], name=op.f("fk_pair_decision_second_site_id_site"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_decision")),
        sa.UniqueConstraint(
            "first_site_id",
            "first_sha256",
            "second_site_id",
            "second_sha256",
            name=op.f("uq_pair_decision_first_site_id_first_sha256_second_site_id_second_sha256"),
        ),
    )


def downgrade() -> None:
    op.drop_table("pair_decision")
    op.drop_column("dataset", "alike")
