"""Triage: what becomes of each leak that a run saw, from the leak, the findings on its lines, and the catalogue."""
