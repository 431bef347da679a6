"""the directory on all the objects of HSDS 3.1, its history, drafts, verifications, reports and imports

An address becomes a row of its own that cannot stand at a confidential location. No copy runs anywhere yet, so the two columns that it
replaces go in the same step.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AREA = "latitude = round(latitude, 1) AND longitude = round(longitude, 1)"
HIDDEN = f"NOT is_confidential OR ({AREA})"


def upgrade() -> None:
    op.create_unique_constraint("uq_location_id_is_confidential", "location", ["id", "is_confidential"])
    op.create_table(
        "import_batch",
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
    )
    op.create_table(
        "metadata",
        sa.Column("resource_type", sa.String(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("last_action_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_action_type", sa.String(), nullable=False),
        sa.Column("field_name", sa.String(), nullable=False),
        sa.Column("previous_value", sa.String(), nullable=False),
        sa.Column("replacement_value", sa.String(), nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metadata")),
    )
    op.create_index(
        "ix_metadata_resource", "metadata", ["resource_type", "resource_id", "last_action_date"], unique=False
    )
    op.create_index(op.f("ix_metadata_service_id"), "metadata", ["service_id"], unique=False)
    op.create_table(
        "revision",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("record", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("base_hash", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'rejected', 'superseded')", name=op.f("ck_revision_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    op.create_index(op.f("ix_revision_service_id"), "revision", ["service_id"], unique=False)
    op.create_index(
        "uq_revision_open",
        "revision",
        ["service_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('draft', 'submitted')"),
    )
    op.create_table(
        "taxonomy",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("uri", sa.String(), nullable=True),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomy")),
        sa.UniqueConstraint("name", name=op.f("uq_taxonomy_name")),
    )
    op.create_table(
        "import_change",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after_hash", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("action IN ('create', 'update')", name=op.f("ck_import_change_action")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["import_batch.id"], name=op.f("fk_import_change_batch_id_import_batch"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_change")),
    )
    op.create_index(op.f("ix_import_change_batch_id"), "import_change", ["batch_id"], unique=False)
    op.create_index(op.f("ix_import_change_service_id"), "import_change", ["service_id"], unique=False)
    op.create_table(
        "program",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("alternate_name", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_program_organization_id_organization"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program")),
    )
    op.create_index(op.f("ix_program_organization_id"), "program", ["organization_id"], unique=False)
    op.create_table(
        "taxonomy_term",
        sa.Column("taxonomy_id", sa.Uuid(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("term_uri", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["taxonomy_term.id"],
            name=op.f("fk_taxonomy_term_parent_id_taxonomy_term"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["taxonomy_id"], ["taxonomy.id"], name=op.f("fk_taxonomy_term_taxonomy_id_taxonomy"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomy_term")),
        sa.UniqueConstraint("taxonomy_id", "code", name=op.f("uq_taxonomy_term_taxonomy_id_code")),
    )
    op.create_table(
        "accessibility",
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("details", sa.String(), nullable=True),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_accessibility_location_id_location"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accessibility")),
    )
    op.create_index(op.f("ix_accessibility_location_id"), "accessibility", ["location_id"], unique=False)
    op.create_table(
        "address",
        sa.Column("location_id", sa.Uuid(), nullable=False),
        sa.Column("location_is_confidential", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("attention", sa.String(), nullable=True),
        sa.Column("address_1", sa.String(), nullable=False),
        sa.Column("address_2", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("state_province", sa.String(), nullable=True),
        sa.Column("postal_code", sa.String(), nullable=True),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("address_type", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("address_type IN ('physical', 'postal', 'virtual')", name=op.f("ck_address_address_type")),
        sa.CheckConstraint("NOT location_is_confidential", name=op.f("ck_address_not_confidential")),
        sa.ForeignKeyConstraint(
            ["location_id", "location_is_confidential"],
            ["location.id", "location.is_confidential"],
            name="fk_address_location",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    op.create_index(op.f("ix_address_location_id"), "address", ["location_id"], unique=False)
    op.create_table(
        "attribute",
        sa.Column("link_entity", sa.String(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("taxonomy_term_id", sa.Uuid(), nullable=False),
        sa.Column("link_type", sa.String(), nullable=True),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "link_entity IN ('organization', 'program', 'service', 'location', 'service_at_location')",
            name=op.f("ck_attribute_link_entity"),
        ),
        sa.ForeignKeyConstraint(
            ["taxonomy_term_id"],
            ["taxonomy_term.id"],
            name=op.f("fk_attribute_taxonomy_term_id_taxonomy_term"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribute")),
        sa.UniqueConstraint(
            "link_entity",
            "link_id",
            "taxonomy_term_id",
            "link_type",
            name=op.f("uq_attribute_link_entity_link_id_taxonomy_term_id_link_type"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_attribute_taxonomy_term_id"), "attribute", ["taxonomy_term_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("department", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(service_id, organization_id, location_id) = 1", name=op.f("ck_contact_one_owner")
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["location.id"], name=op.f("fk_contact_location_id_location"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_contact_organization_id_organization"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_contact_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_location_id"), "contact", ["location_id"], unique=False)
    op.create_index(op.f("ix_contact_organization_id"), "contact", ["organization_id"], unique=False)
    op.create_index(op.f("ix_contact_service_id"), "contact", ["service_id"], unique=False)
    op.create_table(
        "cost_option",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("option", sa.String(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("amount_description", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_cost_option_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_option")),
    )
    op.create_index(op.f("ix_cost_option_service_id"), "cost_option", ["service_id"], unique=False)
    op.create_table(
        "directory_task",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(), nullable=True),
        sa.Column("done_note", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('unconfirmed', 'feedback', 'not_safe', 'translation', 'duplicate', 'referral')",
            name=op.f("ck_directory_task_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_directory_task_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_task")),
    )
    op.create_index(
        "uq_directory_task_open",
        "directory_task",
        ["service_id", "kind"],
        unique=True,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "feedback",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reporter", sa.String(), nullable=False),
        sa.Column("reporter_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handled_by", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('closed', 'no_answer', 'turned_away', 'wrong_number', 'not_safe')", name=op.f("ck_feedback_kind")
        ),
        sa.CheckConstraint("reporter IN ('person', 'caseworker')", name=op.f("ck_feedback_reporter")),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_feedback_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "service_id", "kind", "reporter_hash", name=op.f("uq_feedback_service_id_kind_reporter_hash")
        ),
    )
    op.create_table(
        "focal_point",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("name_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("address_encrypted", sa.LargeBinary(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_focal_point_channel")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organization.id"],
            name=op.f("fk_focal_point_organization_id_organization"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_focal_point_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_focal_point")),
    )
    op.create_index(op.f("ix_focal_point_organization_id"), "focal_point", ["organization_id"], unique=False)
    op.create_index(op.f("ix_focal_point_service_id"), "focal_point", ["service_id"], unique=False)
    op.create_table(
        "required_document",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("uri", sa.String(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_required_document_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_required_document")),
    )
    op.create_index(op.f("ix_required_document_service_id"), "required_document", ["service_id"], unique=False)
    op.create_table(
        "service_capacity",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("available", sa.Integer(), nullable=False),
        sa.Column("maximum", sa.Integer(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("available >= 0", name=op.f("ck_service_capacity_available")),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_service_capacity_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_capacity")),
        sa.UniqueConstraint("service_id", "unit", name=op.f("uq_service_capacity_service_id_unit")),
    )
    op.create_table(
        "verification",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("verified_on", sa.Date(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "method IN ('focal_point', 'phone', 'visit', 'website', 'import')", name=op.f("ck_verification_method")
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_verification_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
    op.create_index(op.f("ix_verification_service_id"), "verification", ["service_id"], unique=False)
    op.create_table(
        "verification_request",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("focal_point_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("last_reminder_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("revision_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "answer IN ('confirmed', 'corrected', 'closed')", name=op.f("ck_verification_request_answer")
        ),
        sa.ForeignKeyConstraint(
            ["focal_point_id"],
            ["focal_point.id"],
            name=op.f("fk_verification_request_focal_point_id_focal_point"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"],
            ["revision.id"],
            name=op.f("fk_verification_request_revision_id_revision"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service.id"], name=op.f("fk_verification_request_service_id_service"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_request")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_verification_request_token_hash")),
    )
    op.create_index(
        op.f("ix_verification_request_focal_point_id"), "verification_request", ["focal_point_id"], unique=False
    )
    op.create_index(op.f("ix_verification_request_service_id"), "verification_request", ["service_id"], unique=False)
    op.add_column("confidential_address", sa.Column("phones_encrypted", sa.LargeBinary(), nullable=True))
    op.add_column("location", sa.Column("place_id", sa.String(length=24), nullable=True))
    op.add_column("location", sa.Column("description", sa.String(), nullable=True))
    op.add_column("location", sa.Column("transportation", sa.String(), nullable=True))
    op.add_column("organization", sa.Column("parent_organization_id", sa.Uuid(), nullable=True))
    op.add_column("organization", sa.Column("alternate_name", sa.String(), nullable=True))
    op.add_column("organization", sa.Column("uri", sa.String(), nullable=True))
    op.add_column("organization", sa.Column("source", sa.String(), nullable=True))
    op.add_column("organization", sa.Column("source_id", sa.String(), nullable=True))
    op.create_foreign_key(
        op.f("fk_organization_parent_organization_id_organization"),
        "organization",
        "organization",
        ["parent_organization_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.add_column("phone", sa.Column("location_id", sa.Uuid(), nullable=True))
    op.add_column("phone", sa.Column("organization_id", sa.Uuid(), nullable=True))
    op.add_column("phone", sa.Column("contact_id", sa.Uuid(), nullable=True))
    op.add_column(
        "phone", sa.Column("languages", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    )
    op.alter_column("phone", "service_id", existing_type=sa.UUID(), nullable=True)
    op.create_index(op.f("ix_phone_contact_id"), "phone", ["contact_id"], unique=False)
    op.create_index(op.f("ix_phone_location_id"), "phone", ["location_id"], unique=False)
    op.create_index(op.f("ix_phone_organization_id"), "phone", ["organization_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_phone_location_id_location"), "phone", "location", ["location_id"], ["id"], ondelete="CASCADE"
    )
    op.create_foreign_key(
        op.f("fk_phone_contact_id_contact"), "phone", "contact", ["contact_id"], ["id"], ondelete="CASCADE"
    )
    op.create_foreign_key(
        op.f("fk_phone_organization_id_organization"),
        "phone",
        "organization",
        ["organization_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.add_column("service", sa.Column("program_id", sa.Uuid(), nullable=True))
    op.add_column("service", sa.Column("alternate_name", sa.String(), nullable=True))
    op.add_column("service", sa.Column("url", sa.String(), nullable=True))
    op.add_column("service", sa.Column("email", sa.String(), nullable=True))
    op.add_column("service", sa.Column("closed_reason", sa.String(), nullable=True))
    op.add_column("service", sa.Column("listing", sa.String(), server_default="published", nullable=False))
    op.add_column("service", sa.Column("listing_reason", sa.String(), nullable=True))
    op.add_column(
        "service",
        sa.Column("listing_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column("service", sa.Column("alert", sa.String(), nullable=True))
    op.add_column("service", sa.Column("alert_until", sa.Date(), nullable=True))
    op.add_column("service", sa.Column("application_process", sa.String(), nullable=True))
    op.add_column("service", sa.Column("fees_description", sa.String(), nullable=True))
    op.add_column("service", sa.Column("interpretation_services", sa.String(), nullable=True))
    op.add_column(
        "service", sa.Column("eligible_nationalities", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column("service", sa.Column("legal_status", sa.String(), server_default="unknown", nullable=False))
    op.add_column("service", sa.Column("children_accompanying", sa.Boolean(), nullable=True))
    op.add_column("service", sa.Column("source", sa.String(), nullable=True))
    op.add_column("service", sa.Column("source_id", sa.String(), nullable=True))
    op.add_column("service", sa.Column("search_text", sa.String(), server_default="", nullable=False))
    op.create_index(op.f("ix_service_program_id"), "service", ["program_id"], unique=False)
    op.create_index(
        "ix_service_search_trigram",
        "service",
        ["search_text"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_foreign_key(
        op.f("fk_service_program_id_program"), "service", "program", ["program_id"], ["id"], ondelete="SET NULL"
    )
    op.add_column("service_at_location", sa.Column("description", sa.String(), nullable=True))
    op.add_column("service_text", sa.Column("eligibility_description", sa.String(), nullable=True))
    op.add_column("service_text", sa.Column("application_process", sa.String(), nullable=True))
    op.add_column("service_text", sa.Column("alert", sa.String(), nullable=True))
    op.add_column("service_text", sa.Column("source_hash", sa.String(), nullable=True))
    op.execute(
        "INSERT INTO address (id, location_id, location_is_confidential, address_1, city, state_province, postal_code, country, address_type) "
        "SELECT gen_random_uuid(), id, false, coalesce(address_1, ''), city, state_province, postal_code, country, 'physical' "
        "FROM location WHERE NOT is_confidential AND (address_1 IS NOT NULL OR postal_code IS NOT NULL)"
    )
    op.drop_constraint(op.f("ck_location_confidential"), "location")
    op.create_check_constraint(op.f("ck_location_confidential"), "location", HIDDEN)
    op.drop_column("location", "postal_code")
    op.drop_column("location", "address_1")
    op.create_check_constraint(
        op.f("ck_service_listing"),
        "service",
        "listing IN ('draft', 'published', 'withdrawn', 'suspended', 'archived', 'do_not_list')",
    )
    op.create_check_constraint(
        op.f("ck_service_legal_status"), "service", "legal_status IN ('unknown', 'not_required', 'required')"
    )
    op.create_check_constraint(
        op.f("ck_phone_one_owner"), "phone", "num_nonnulls(service_id, location_id, organization_id, contact_id) = 1"
    )


def downgrade() -> None:
    op.execute("DELETE FROM phone WHERE service_id IS NULL")
    op.drop_constraint(op.f("ck_phone_one_owner"), "phone")
    op.drop_constraint(op.f("ck_service_legal_status"), "service")
    op.drop_constraint(op.f("ck_service_listing"), "service")
    op.add_column("location", sa.Column("address_1", sa.VARCHAR(), autoincrement=False, nullable=True))
    op.add_column("location", sa.Column("postal_code", sa.VARCHAR(), autoincrement=False, nullable=True))
    op.execute(
        "UPDATE location SET address_1 = nullif(a.address_1, ''), postal_code = a.postal_code FROM ("
        "SELECT DISTINCT ON (location_id) location_id, address_1, postal_code FROM address ORDER BY location_id, address_type"
        ") AS a WHERE a.location_id = location.id"
    )
    op.drop_constraint(op.f("ck_location_confidential"), "location")
    op.create_check_constraint(
        op.f("ck_location_confidential"),
        "location",
        f"NOT is_confidential OR (address_1 IS NULL AND postal_code IS NULL AND {AREA})",
    )
    op.drop_column("service_text", "source_hash")
    op.drop_column("service_text", "alert")
    op.drop_column("service_text", "application_process")
    op.drop_column("service_text", "eligibility_description")
    op.drop_column("service_at_location", "description")
    op.drop_constraint(op.f("fk_service_program_id_program"), "service", type_="foreignkey")
    op.drop_index(
        "ix_service_search_trigram",
        table_name="service",
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.drop_index(op.f("ix_service_program_id"), table_name="service")
    op.drop_column("service", "search_text")
    op.drop_column("service", "source_id")
    op.drop_column("service", "source")
    op.drop_column("service", "children_accompanying")
    op.drop_column("service", "legal_status")
    op.drop_column("service", "eligible_nationalities")
    op.drop_column("service", "interpretation_services")
    op.drop_column("service", "fees_description")
    op.drop_column("service", "application_process")
    op.drop_column("service", "alert_until")
    op.drop_column("service", "alert")
    op.drop_column("service", "listing_since")
    op.drop_column("service", "listing_reason")
    op.drop_column("service", "listing")
    op.drop_column("service", "closed_reason")
    op.drop_column("service", "email")
    op.drop_column("service", "url")
    op.drop_column("service", "alternate_name")
    op.drop_column("service", "program_id")
    op.drop_constraint(op.f("fk_phone_organization_id_organization"), "phone", type_="foreignkey")
    op.drop_constraint(op.f("fk_phone_contact_id_contact"), "phone", type_="foreignkey")
    op.drop_constraint(op.f("fk_phone_location_id_location"), "phone", type_="foreignkey")
    op.drop_index(op.f("ix_phone_organization_id"), table_name="phone")
    op.drop_index(op.f("ix_phone_location_id"), table_name="phone")
    op.drop_index(op.f("ix_phone_contact_id"), table_name="phone")
    op.alter_column("phone", "service_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("phone", "languages")
    op.drop_column("phone", "contact_id")
    op.drop_column("phone", "organization_id")
    op.drop_column("phone", "location_id")
    op.drop_constraint(op.f("fk_organization_parent_organization_id_organization"), "organization", type_="foreignkey")
    op.drop_column("organization", "source_id")
    op.drop_column("organization", "source")
    op.drop_column("organization", "uri")
    op.drop_column("organization", "alternate_name")
    op.drop_column("organization", "parent_organization_id")
    op.drop_column("location", "transportation")
    op.drop_column("location", "description")
    op.drop_column("location", "place_id")
    op.drop_column("confidential_address", "phones_encrypted")
    op.drop_index(op.f("ix_verification_request_service_id"), table_name="verification_request")
    op.drop_index(op.f("ix_verification_request_focal_point_id"), table_name="verification_request")
    op.drop_table("verification_request")
    op.drop_index(op.f("ix_verification_service_id"), table_name="verification")
    op.drop_table("verification")
    op.drop_table("service_capacity")
    op.drop_index(op.f("ix_required_document_service_id"), table_name="required_document")
    op.drop_table("required_document")
    op.drop_index(op.f("ix_focal_point_service_id"), table_name="focal_point")
    op.drop_index(op.f("ix_focal_point_organization_id"), table_name="focal_point")
    op.drop_table("focal_point")
    op.drop_table("feedback")
    op.drop_index("uq_directory_task_open", table_name="directory_task", postgresql_where=sa.text("done_at IS NULL"))
    op.drop_table("directory_task")
    op.drop_index(op.f("ix_cost_option_service_id"), table_name="cost_option")
    op.drop_table("cost_option")
    op.drop_index(op.f("ix_contact_service_id"), table_name="contact")
    op.drop_index(op.f("ix_contact_organization_id"), table_name="contact")
    op.drop_index(op.f("ix_contact_location_id"), table_name="contact")
    op.drop_table("contact")
    op.drop_index(op.f("ix_attribute_taxonomy_term_id"), table_name="attribute")
    op.drop_table("attribute")
    op.drop_index(op.f("ix_address_location_id"), table_name="address")
    op.drop_table("address")
    op.drop_index(op.f("ix_accessibility_location_id"), table_name="accessibility")
    op.drop_table("accessibility")
    op.drop_table("taxonomy_term")
    op.drop_index(op.f("ix_program_organization_id"), table_name="program")
    op.drop_table("program")
    op.drop_index(op.f("ix_import_change_service_id"), table_name="import_change")
    op.drop_index(op.f("ix_import_change_batch_id"), table_name="import_change")
    op.drop_table("import_change")
    op.drop_table("taxonomy")
    op.drop_index(
        "uq_revision_open", table_name="revision", postgresql_where=sa.text("state IN ('draft', 'submitted')")
    )
    op.drop_index(op.f("ix_revision_service_id"), table_name="revision")
    op.drop_table("revision")
    op.drop_index(op.f("ix_metadata_service_id"), table_name="metadata")
    op.drop_index("ix_metadata_resource", table_name="metadata")
    op.drop_table("metadata")
    op.drop_table("import_batch")
    op.drop_constraint("uq_location_id_is_confidential", "location", type_="unique")
