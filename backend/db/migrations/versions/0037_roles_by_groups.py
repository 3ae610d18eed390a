"""Roles that groups of a provider of single sign-on give."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("membership", sa.Column("given_by_group", sa.String(), nullable=True))
    op.add_column("user", sa.Column("administrator_by_group", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("user", "administrator_by_group")
    op.drop_column("membership", "given_by_group")
