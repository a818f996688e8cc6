"""Who attacks, what is tried, what holds it, and the tests of both."""
