"""The demo on a throw-away host: `make demo`. Tests on hosts release the versions of its repository, too."""

from .repository import versions

__all__ = ["versions"]
