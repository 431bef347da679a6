"""Keeping the directory true: drafts and who approves them, verification by the focal point, reports of what is wrong."""
