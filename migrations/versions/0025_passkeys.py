"""passkeys, tries by address, and an end of the audit log: the database refuses to delete a line that is not a year old"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_session", sa.Column("challenge", sa.LargeBinary(), nullable=True))
    op.add_column("staff_session", sa.Column("challenge_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "passkey",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["staff_user.id"], name=op.f("fk_passkey_user_id_staff_user"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_user_id"), "passkey", ["user_id"])
    op.create_table(
        "address_window",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_address_window")),
    )
    op.create_index(op.f("ix_address_window_began_at"), "address_window", ["began_at"])
    op.execute("DROP TRIGGER audit_entry_stays ON audit_entry")
    op.execute(
        "CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_stays()"
    )
    op.execute(
        "CREATE FUNCTION audit_entry_ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF OLD.at > now() - interval '365 days' THEN RAISE EXCEPTION 'the audit log is only added to'; END IF; "
        "RETURN OLD; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_ends BEFORE DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_entry_ends()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_entry_ends ON audit_entry")
    op.execute("DROP FUNCTION audit_entry_ends()")
    op.execute("DROP TRIGGER audit_entry_stays ON audit_entry")
    op.execute(
        "CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_stays()"
    )
    op.drop_table("address_window")
    op.drop_table("passkey")
    op.drop_column("staff_session", "challenge_at")
    op.drop_column("staff_session", "challenge")
