"""Broken input for every parser of what comes from outside: none may fail otherwise than it says, hang, or take memory without end."""
