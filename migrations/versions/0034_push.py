"""notices in browsers: their subscriptions stand with the addresses of staff, and every address has a language

The previous code goes on serving while this runs: it knows the columns that are there already, and one address by mail or SMS stays one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_address", sa.Column("endpoint_hash", sa.LargeBinary(), nullable=True))
    op.add_column("staff_address", sa.Column("browser", sa.String(), server_default="", nullable=False))
    op.add_column("staff_address", sa.Column("language", sa.String(), server_default="en", nullable=False))
    op.create_unique_constraint(op.f("uq_staff_address_endpoint_hash"), "staff_address", ["endpoint_hash"])
    op.drop_constraint(op.f("uq_staff_address_user_id_channel"), "staff_address")
    op.create_index(
        "uq_staff_address_one",
        "staff_address",
        ["user_id", "channel"],
        unique=True,
        postgresql_where=sa.text("channel <> 'push'"),
    )
    op.drop_constraint(op.f("ck_staff_address_channel"), "staff_address")
    op.create_check_constraint(op.f("ck_staff_address_channel"), "staff_address", "channel IN ('email', 'sms', 'push')")
    op.create_check_constraint(
        op.f("ck_staff_address_endpoint_hash"), "staff_address", "(channel = 'push') = (endpoint_hash IS NOT NULL)"
    )


def downgrade() -> None:
    op.execute("DELETE FROM staff_address WHERE channel = 'push'")
    op.drop_constraint(op.f("ck_staff_address_endpoint_hash"), "staff_address")
    op.drop_constraint(op.f("ck_staff_address_channel"), "staff_address")
    op.create_check_constraint(op.f("ck_staff_address_channel"), "staff_address", "channel IN ('email', 'sms')")
    op.drop_index("uq_staff_address_one", "staff_address")
    op.create_unique_constraint(op.f("uq_staff_address_user_id_channel"), "staff_address", ["user_id", "channel"])
    op.drop_constraint(op.f("uq_staff_address_endpoint_hash"), "staff_address")
    op.drop_column("staff_address", "language")
    op.drop_column("staff_address", "browser")
    op.drop_column("staff_address", "endpoint_hash")
