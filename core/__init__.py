"""What every room stands on: settings, database, encryption, jobs, languages, logging. Imports no other room."""
