"""Clients that send one request to a host, over HTTPS or HTTP/3."""
