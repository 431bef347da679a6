"""Entries in and out as files: dry runs, batches that can be undone, the template, tables and leaflets."""
