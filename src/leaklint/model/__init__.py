"""Plain data that every floor shares; nothing here computes or imports anything above it."""
