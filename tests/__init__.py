"""The tests, and the programs that build, measure and try out the project. ROOT is the top folder of the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
