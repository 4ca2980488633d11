"""The relay: decides who may join, and forwards their datagrams."""

from importlib.metadata import version

__version__ = version("packhorse")
