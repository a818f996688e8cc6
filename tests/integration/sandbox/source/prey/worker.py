"""Waits for its end."""

import signal

if __name__ == "__main__":
    signal.sigwait({signal.SIGTERM})
