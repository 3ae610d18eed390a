"""How unlike the sites' images a tested case's image is."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("evaluated_case") as table:
        table.add_column(sa.Column("unlikeness", sa.Double(), nullable=True))
        table.add_column(sa.Column("of_no_site", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("evaluated_case") as table:
        table.drop_column("of_no_site")
        table.drop_column("unlikeness")
