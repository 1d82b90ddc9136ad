"""The baseline: what was found before anybody looked, kept in a file so that only what is new is shown."""
