"""What an experiment is: trained here, the test of a model, or the model of a file."""

import sqlalchemy as sa
from alembic import op

revision = "0019b"
down_revision = "0014b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("experiment", sa.Column("kind", sa.String(), nullable=False, server_default="training"))
    op.add_column("experiment", sa.Column("tested_run_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("experiment", "tested_run_id")
    op.drop_column("experiment", "kind")
