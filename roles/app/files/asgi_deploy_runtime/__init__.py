"""The runtime of every release, between server and application: logs, health, and an end that loses no request.

It is installed into the release's directory and runs in the application's processes, so it needs only the server's own
requirements.
"""
