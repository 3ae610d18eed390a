"""Which FedSM Studio a run was started by. Null for runs of before."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("code_version", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "code_version")
