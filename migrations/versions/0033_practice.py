"""practice: what a learner answered to invented cases"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "practice_result",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("lesson", sa.String(), nullable=False),
        sa.Column("answer_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_practice_result_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_result")),
        sa.UniqueConstraint("user_id", "lesson", name=op.f("uq_practice_result_user_id_lesson")),
    )


def downgrade() -> None:
    op.drop_table("practice_result")
