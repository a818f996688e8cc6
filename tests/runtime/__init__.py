"""The runtime of a release under its real servers, started as systemd starts them, without a host."""
