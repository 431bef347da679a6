"""a case leaves the desk only when two people agree"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_export",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'agreed', 'refused', 'shown')", name=op.f("ck_case_export_state")),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"], name=op.f("fk_case_export_case_id_case"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff_user.id"], name=op.f("fk_case_export_asked_by_id_staff_user")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff_user.id"], name=op.f("fk_case_export_decided_by_id_staff_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_export")),
    )
    op.create_index(op.f("ix_case_export_case_id"), "case_export", ["case_id"])
    op.create_index(
        "uq_case_export_under_way",
        "case_export",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'agreed')"),
    )


def downgrade() -> None:
    op.drop_table("case_export")
