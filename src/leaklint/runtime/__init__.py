"""The run-time companion: it sees what a test suite opens, and tells what nobody released. It knows nothing of source text."""
