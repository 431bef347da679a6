"""a user holds several roles

Before this no copy served people, so the single role goes at once instead of living on beside its successor.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ROLES = ("caseworker", "supervisor", "directory_editor", "directory_approver", "administrator", "auditor")
ONE_ROLE = ("caseworker", "supervisor", "administrator")


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(repr(word) for word in words)


def upgrade() -> None:
    op.add_column("staff_user", sa.Column("roles", postgresql.ARRAY(sa.String()), nullable=True))
    op.execute("UPDATE staff_user SET roles = ARRAY[role]")
    op.alter_column("staff_user", "roles", nullable=False)
    op.create_check_constraint(
        op.f("ck_staff_user_roles"), "staff_user", f"roles <@ ARRAY[{_listed(ROLES)}]::varchar[]"
    )
    op.create_check_constraint(op.f("ck_staff_user_some_role"), "staff_user", "cardinality(roles) > 0")
    op.drop_constraint(op.f("ck_staff_user_role"), "staff_user")
    op.drop_column("staff_user", "role")


def downgrade() -> None:
    op.add_column("staff_user", sa.Column("role", sa.String(), nullable=False, server_default="caseworker"))
    op.execute("UPDATE staff_user SET role = roles[1] WHERE roles[1] IN ('supervisor', 'administrator')")
    op.alter_column("staff_user", "role", server_default=None)
    op.create_check_constraint(op.f("ck_staff_user_role"), "staff_user", f"role IN ({_listed(ONE_ROLE)})")
    op.drop_constraint(op.f("ck_staff_user_some_role"), "staff_user")
    op.drop_constraint(op.f("ck_staff_user_roles"), "staff_user")
    op.drop_column("staff_user", "roles")
