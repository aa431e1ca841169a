"""The version, in this one place; hatchling reads it from here."""

__version__ = "0.1.0"
