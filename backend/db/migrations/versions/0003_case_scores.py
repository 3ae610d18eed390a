"""Every score of a test case, of the best and of the last round.

The table is made anew, for its primary key gains the round, which SQLite cannot alter. What was evaluated before was
the best round's, by Dice.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = ("run_id", "case_id", "name", "site_slug", "probabilities", "chosen_model", "image", "reference")
JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    old = _rename("pk_evaluated_case", "fk_evaluated_case_run_id_run")
    new = op.create_table(
        "evaluated_case",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("site_slug", sa.String(), nullable=False),
        sa.Column("scores", JSON, nullable=False),
        sa.Column("distance_unit", sa.String(), nullable=False),
        sa.Column("probabilities", JSON, nullable=True),
        sa.Column("chosen_model", sa.String(), nullable=True),
        sa.Column("image", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("predictions", JSON, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_evaluated_case_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "round", "case_id", name="pk_evaluated_case"),
    )
    run = sa.table("run", sa.column("id"), sa.column("best_round"))
    query = sa.select(old, run.c.best_round).join_from(old, run, old.c.run_id == run.c.id)
    for row in op.get_bind().execute(query).mappings().all():
        scores = _each_score(row["dice"], lambda dice: {"dice": dice})
        values = _kept(row) | {"round": row["best_round"] or 0, "scores": scores, "distance_unit": "px"}
        op.execute(new.insert().values(values))
    op.drop_table("evaluated_case_before")


def downgrade() -> None:
    old = _rename("pk_evaluated_case", "fk_evaluated_case_run_id_run")
    new = op.create_table(
        "evaluated_case",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("site_slug", sa.String(), nullable=False),
        sa.Column("dice", JSON, nullable=False),
        sa.Column("probabilities", JSON, nullable=True),
        sa.Column("chosen_model", sa.String(), nullable=True),
        sa.Column("image", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("predictions", JSON, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_evaluated_case_run_id_run", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "case_id", name="pk_evaluated_case"),
    )
    run = sa.table("run", sa.column("id"), sa.column("best_round"))
    of_best = sa.and_(old.c.run_id == run.c.id, old.c.round == sa.func.coalesce(run.c.best_round, 0))
    for row in op.get_bind().execute(sa.select(old).join_from(old, run, of_best)).mappings().all():
        dice = _each_score(row["scores"], lambda by_metric: by_metric.get("dice"))
        op.execute(new.insert().values(_kept(row) | {"dice": dice}))
    op.drop_table("evaluated_case_before")


def _rename(primary_key: str, foreign_key: str) -> sa.Table:
    """The present table under another name, without the constraints' names where a database has them for all tables."""
    op.rename_table("evaluated_case", "evaluated_case_before")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(foreign_key, "evaluated_case_before", type_="foreignkey")
        op.drop_constraint(primary_key, "evaluated_case_before", type_="primary")
    return sa.Table("evaluated_case_before", sa.MetaData(), autoload_with=op.get_bind())


def _kept(row: Any) -> dict[str, Any]:
    return {column: row[column] for column in (*COLUMNS, "predictions")}


def _each_score(by_model: dict[str, Any], change: Any) -> dict[str, Any]:
    """{model: {structure: score}} with every score changed."""
    return {
        model: {structure: change(score) for structure, score in by_structure.items()}
        for model, by_structure in by_model.items()
    }
