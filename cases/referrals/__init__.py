"""Referrals of a person to a service, or of a case to another team: with consent, minimal, answered without an account, followed up."""
