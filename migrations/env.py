"""Runs the migrations on the database of the settings, or on the connection that `app.migrations` hands over."""

from alembic import context

from app.tables import metadata

# Procrastinate's own tables come with its own schema (migration 0002) and are none of ours.
FOREIGN = "procrastinate_"


def include(_object: object, name: str | None, kind: str, _reflected: object, _compare_to: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith(FOREIGN))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    include_object=include,
    include_name=lambda name, kind, _parents: not (kind == "table" and str(name).startswith(FOREIGN)),
)
with context.begin_transaction():
    context.run_migrations()
