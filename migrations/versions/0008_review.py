"""a focal point's correction beside a draft, and what must never be listed found at once"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('draft', 'submitted')")


def upgrade() -> None:
    op.create_index(
        "ix_service_do_not_list", "service", ["country"], postgresql_where=sa.text("listing = 'do_not_list'")
    )
    op.drop_index("uq_revision_open", table_name="revision")
    op.create_index(
        "uq_revision_open",
        "revision",
        ["service_id", sa.text("(source = 'focal_point')")],
        unique=True,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    op.drop_index("uq_revision_open", table_name="revision")
    op.create_index("uq_revision_open", "revision", ["service_id"], unique=True, postgresql_where=OPEN)
    op.drop_index("ix_service_do_not_list", table_name="service")
