"""Long runs against hosts, each with a target of its own in the Makefile."""
