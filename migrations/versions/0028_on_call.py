"""ranks of the rota, notes from one shift to the next, and where staff are told that a case waits"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("duty", sa.Column("rank", sa.Integer(), server_default="1", nullable=False))
    op.create_check_constraint(op.f("ck_duty_rank"), "duty", "rank BETWEEN 1 AND 3")
    op.create_table(
        "handover_note",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("body_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_handover_note_team_id_team"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_handover_note_user_id_staff_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_note")),
    )
    op.create_index(op.f("ix_handover_note_team_id"), "handover_note", ["team_id"])
    op.create_index(op.f("ix_handover_note_created_at"), "handover_note", ["created_at"])
    op.create_table(
        "staff_address",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_until", sa.Time(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_staff_address_channel")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_staff_address_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_address")),
        sa.UniqueConstraint("user_id", "channel", name=op.f("uq_staff_address_user_id_channel")),
    )
    op.create_index(op.f("ix_staff_address_user_id"), "staff_address", ["user_id"])
    op.create_table(
        "staff_notice",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("address_id", sa.Uuid(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_staff_notice_case_id_case"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["staff_address.id"],
            name=op.f("fk_staff_notice_address_id_staff_address"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("case_id", "step", "address_id", name=op.f("pk_staff_notice")),
    )


def downgrade() -> None:
    op.drop_table("staff_notice")
    op.drop_table("staff_address")
    op.drop_table("handover_note")
    op.drop_constraint(op.f("ck_duty_rank"), "duty")
    op.drop_column("duty", "rank")
