"""referrals to services and to other teams, their history, and the follow-up after days; how a consent was given; when a complaint's reader heard of it

The previous code goes on serving while this runs: add before you use, remove after nothing uses. No lock longer than four seconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

STATES = "'draft', 'asked', 'agreed', 'refused', 'sent', 'opened', 'asked_back', 'accepted', 'declined', 'expired', 'withdrawn'"


def _key(table: str, column: str, other: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("complaint", sa.Column("noticed_at", moment, nullable=True))
    op.add_column("consent", sa.Column("how", sa.String(), server_default="channel", nullable=False))
    op.add_column("consent", sa.Column("user_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_consent_user_id_staff_user"), "consent", "staff_user", ["user_id"], ["id"])
    op.create_check_constraint(op.f("ck_consent_how"), "consent", "how IN ('channel', 'written', 'call', 'in_person')")
    op.drop_constraint(op.f("ck_consent_kind"), "consent")
    op.create_check_constraint(op.f("ck_consent_kind"), "consent", "kind IN ('talk', 'contact', 'referral', 'team')")
    op.create_table(
        "referral",
        sa.Column("number", sa.Integer(), sa.Identity(start=11), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("content_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("question_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("reply_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("remark_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("decline_reason", sa.String(), nullable=True),
        sa.Column("consent_id", sa.Uuid(), nullable=True),
        sa.Column("focal_point_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("link_number", sa.Integer(), nullable=False),
        sa.Column("send_error", sa.String(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("asked_at", moment, nullable=True),
        sa.Column("sent_at", moment, nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("expires_at", moment, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_referral_state")),
        sa.CheckConstraint("way IN ('link', 'form')", name=op.f("ck_referral_way")),
        sa.CheckConstraint(
            "decline_reason IN ('full', 'not_for_them', 'outside_area', 'closed', 'other')",
            name=op.f("ck_referral_decline_reason"),
        ),
        _key("referral", "case_id", "case", "CASCADE"),
        _key("referral", "conversation_id", "conversation", "CASCADE"),
        _key("referral", "service_id", "service", "SET NULL"),
        _key("referral", "team_id", "team", "SET NULL"),
        _key("referral", "consent_id", "consent", "SET NULL"),
        _key("referral", "focal_point_id", "focal_point", "SET NULL"),
        _key("referral", "created_by", "staff_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("number", name=op.f("uq_referral_number")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_referral_token_hash")),
    )
    for column in ("case_id", "conversation_id", "service_id", "team_id"):
        op.create_index(op.f(f"ix_referral_{column}"), "referral", [column])
    op.create_index(
        "uq_referral_asked", "referral", ["conversation_id"], unique=True, postgresql_where=sa.text("state = 'asked'")
    )
    op.create_index(
        "ix_referral_expiry", "referral", ["expires_at"],
        postgresql_where=sa.text("state IN ('sent', 'opened', 'asked_back')"),
    )  # fmt: skip
    op.create_table(
        "referral_event",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("details", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        _key("referral_event", "referral_id", "referral", "CASCADE"),
        _key("referral_event", "user_id", "staff_user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_event")),
    )
    op.create_index(op.f("ix_referral_event_referral_id"), "referral_event", ["referral_id"])
    op.create_table(
        "follow_up",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", moment, nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('due', 'asked', 'answered', 'not_reached', 'by_hand', 'cancelled')",
            name=op.f("ck_follow_up_state"),
        ),
        _key("follow_up", "referral_id", "referral", "CASCADE"),
        _key("follow_up", "conversation_id", "conversation", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up")),
        sa.UniqueConstraint("referral_id", name=op.f("uq_follow_up_referral_id")),
    )
    op.create_index(op.f("ix_follow_up_conversation_id"), "follow_up", ["conversation_id"])
    op.create_index("ix_follow_up_due", "follow_up", ["due_at"], postgresql_where=sa.text("state IN ('due', 'asked')"))


def downgrade() -> None:
    op.drop_table("follow_up")
    op.drop_table("referral_event")
    op.drop_table("referral")
    op.execute("DELETE FROM consent WHERE kind = 'team'")
    op.drop_constraint(op.f("ck_consent_kind"), "consent")
    op.create_check_constraint(op.f("ck_consent_kind"), "consent", "kind IN ('talk', 'contact', 'referral')")
    op.drop_constraint(op.f("ck_consent_how"), "consent")
    op.drop_column("consent", "user_id")
    op.drop_column("complaint", "noticed_at")
    op.drop_column("consent", "how")
