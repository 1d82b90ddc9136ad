"""leaklint finds resources that are opened and never released, and rewrites the code that leaks them."""

__version__ = "0.1.0"
