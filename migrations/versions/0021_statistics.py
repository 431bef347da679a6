"""numbers without people: marks that are counted once, and what was published"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statistic_mark",
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("first_day", "kind", "about", "mark", name=op.f("pk_statistic_mark")),
    )
    op.create_table(
        "statistic_release",
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("first_day", name=op.f("pk_statistic_release")),
    )


def downgrade() -> None:
    op.drop_table("statistic_release")
    op.drop_table("statistic_mark")
