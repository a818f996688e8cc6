"""Every version of ansible-core that is supported, on a controller of its own, against every Debian: `make matrix`."""
