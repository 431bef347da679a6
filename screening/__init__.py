"""Screening: the questionnaire and the triage rules. Pure functions over two data files; no database, no Rasa."""
