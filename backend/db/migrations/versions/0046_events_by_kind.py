"""An index by which the latest events of a kind are found."""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_event_kind_id", "event", ["kind", "id"])


def downgrade() -> None:
    op.drop_index("ix_event_kind_id", "event")
