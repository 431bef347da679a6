"""what people who run the service own and change at the desk, with its history"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "owned_change",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("value", postgresql.JSONB(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('setting', 'text', 'number')", name=op.f("ck_owned_change_kind")),
        sa.CheckConstraint("state IN ('waiting', 'in_force', 'refused')", name=op.f("ck_owned_change_state")),
        sa.ForeignKeyConstraint(["by_id"], ["staff_user.id"], name=op.f("fk_owned_change_by_id_staff_user")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["staff_user.id"], name=op.f("fk_owned_change_decided_by_id_staff_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owned_change")),
        sa.UniqueConstraint("number", name=op.f("uq_owned_change_number")),
    )
    op.create_index(
        "uq_owned_change_waiting",
        "owned_change",
        ["kind", "name"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_table("owned_change")
