"""What volumes, layouts, label maps, patients and site policies need.

The new columns may be null: what was registered or checked before says nothing about them. SQLite could add a column
that may not only with a default, which the models have none of.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site", sa.Column("policy", sa.JSON(none_as_null=True), nullable=True))

    op.add_column("dataset", sa.Column("layout", sa.String(), nullable=True))
    op.add_column("dataset", sa.Column("reading", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("dataset", sa.Column("patient_pattern", sa.String(), nullable=True))
    op.add_column("dataset", sa.Column("found_layout", sa.String(), nullable=True))
    op.add_column("dataset", sa.Column("found_reading", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("dataset", sa.Column("warnings", sa.JSON(none_as_null=True), nullable=True))

    op.add_column("case", sa.Column("depth", sa.Integer(), nullable=True))
    op.add_column("case", sa.Column("spacing", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("case", sa.Column("patient", sa.String(), nullable=True))
    op.add_column("case", sa.Column("pixel_sha256", sa.String(), nullable=True))
    op.add_column("case", sa.Column("perceptual_hash", sa.String(), nullable=True))
    op.add_column("case", sa.Column("structure_sizes", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("case", sa.Column("intensity_percentiles", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("case", sa.Column("warnings", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    for column in (
        "warnings",
        "intensity_percentiles",
        "structure_sizes",
        "perceptual_hash",
        "pixel_sha256",
        "patient",
        "spacing",
        "depth",
    ):
        op.drop_column("case", column)
    for column in ("warnings", "found_reading", "found_layout", "patient_pattern", "reading", "layout"):
        op.drop_column("dataset", column)
    op.drop_column("site", "policy")
