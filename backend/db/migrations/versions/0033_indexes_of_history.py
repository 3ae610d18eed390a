"""Indexes for what is asked of a long history: a run's tasks, a worker's last task, warnings and errors."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_task_run_status_kind", "task", ["run_id", "status", "kind"])
    op.create_index("ix_task_worker_finished", "task", ["worker", "finished_at"])
    op.create_index("ix_event_level", "event", ["level"])


def downgrade() -> None:
    op.drop_index("ix_event_level", "event")
    op.drop_index("ix_task_worker_finished", "task")
    op.drop_index("ix_task_run_status_kind", "task")
