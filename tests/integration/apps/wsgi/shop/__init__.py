"""What visitors of a WSGI application ask for."""

__version__ = "1.0.0"
