"""the on-call rota

The previous code goes on serving while this runs: add before you use, remove after nothing uses. No lock longer than four seconds.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "duty",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "weekdays <@ ARRAY[0, 1, 2, 3, 4, 5, 6] AND cardinality(weekdays) > 0", name=op.f("ck_duty_weekdays")
        ),
        sa.CheckConstraint("last_day IS NULL OR last_day >= first_day", name=op.f("ck_duty_days")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_duty_team_id_team"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_duty_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    op.create_index(op.f("ix_duty_team_id"), "duty", ["team_id"])
    op.create_index(op.f("ix_duty_user_id"), "duty", ["user_id"])


def downgrade() -> None:
    op.drop_table("duty")
