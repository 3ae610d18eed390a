"""What a hospital's own policy allows, as its agent says it."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site_credential", sa.Column("own_policy", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column("site_credential", "own_policy")
