"""The standard: entries as documents of HSDS 3.0 and 3.1, their strict validation, and the read API."""
