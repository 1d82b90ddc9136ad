"""The rules, one module each, named after the wrong; they are loaded in families, each where a text calls for it."""
