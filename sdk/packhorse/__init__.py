"""Play a game over the internet through one small relay."""

from importlib.metadata import version

__version__ = version("packhorse")
