"""Masks of one file for each structure, and which key made a data set's pseudonyms of patients.

Null for what was checked before: a mask of one file, and the key that was not secret.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case", sa.Column("mask_parts", sa.JSON(), nullable=True))
    op.add_column("dataset", sa.Column("pseudonym_key", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("dataset", "pseudonym_key")
    op.drop_column("case", "mask_parts")
