"""what somebody decided about two entries that look like one: the same, or not the same and not to be asked again"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "twin_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('same', 'different')", name=op.f("ck_twin_decision_decision")),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_twin_decision_order")),
        sa.ForeignKeyConstraint(
            ["first_id"], ["service.id"], name=op.f("fk_twin_decision_first_id_service"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["service.id"], name=op.f("fk_twin_decision_second_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_twin_decision")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_twin_decision_first_id_second_id")),
    )
    op.create_index(op.f("ix_twin_decision_second_id"), "twin_decision", ["second_id"])


def downgrade() -> None:
    op.drop_table("twin_decision")
