"""teams by country and language; the audit log, which nobody can change; when a session was last used

Before this no copy served people: the previous code, which knows no team, does not go on serving while this runs.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_index("uq_team_default", "team", ["is_default"], unique=True, postgresql_where=sa.text("is_default"))
    op.create_table(
        "team_member",
        sa.Column("team_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_team_member_team_id_team"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_team_member_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_member")),
    )
    op.create_index(op.f("ix_team_member_user_id"), "team_member", ["user_id"])
    # Everybody and everything begins in one team, as it was before there were any.
    op.execute(
        "INSERT INTO team (id, name, languages, countries, is_default, created_at) "
        "VALUES (gen_random_uuid(), 'Everybody', '{}', '{}', true, now())"
    )
    op.execute("INSERT INTO team_member (team_id, user_id) SELECT team.id, staff_user.id FROM team, staff_user")
    op.add_column("case", sa.Column("team_id", sa.Uuid(), nullable=True))
    op.execute('UPDATE "case" SET team_id = team.id FROM team')
    op.alter_column("case", "team_id", nullable=False)
    op.create_index(op.f("ix_case_team_id"), "case", ["team_id"])
    op.create_foreign_key(op.f("fk_case_team_id_team"), "case", "team", ["team_id"], ["id"])

    op.add_column("staff_session", sa.Column("browser", sa.String(), nullable=False, server_default=""))
    for column in ("last_seen_at", "confirmed_at"):
        moment = sa.Column(column, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())
        op.add_column("staff_session", moment)

    op.create_table(
        "audit_entry",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_user.id"], name=op.f("fk_audit_entry_user_id_staff_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("number", name=op.f("uq_audit_entry_number")),
    )
    for column in ("at", "user_id", "action", "subject_id"):
        op.create_index(op.f(f"ix_audit_entry_{column}"), "audit_entry", [column])
    op.execute(
        "CREATE FUNCTION audit_entry_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_stays()"
    )


def downgrade() -> None:
    for column in ("browser", "last_seen_at", "confirmed_at"):
        op.drop_column("staff_session", column)
    op.drop_table("audit_entry")
    op.execute("DROP FUNCTION audit_entry_stays()")
    op.drop_constraint(op.f("fk_case_team_id_team"), "case")
    op.drop_column("case", "team_id")
    op.drop_table("team_member")
    op.drop_table("team")
