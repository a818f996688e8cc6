"""A small shop window for a deployment."""

__version__ = "1.0.0"
