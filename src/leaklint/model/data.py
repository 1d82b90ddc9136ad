"""Where every dataclass of the project comes from. To a type checker it is the standard library's (data.pyi)."""

from leaklint.model.light import dataclass, field, fields, replace

__all__ = ["dataclass", "field", "fields", "replace"]
