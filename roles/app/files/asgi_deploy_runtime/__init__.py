"""What stands between the server and the application in every release: logs, health, an end that loses nothing.

It is laid into the release's directory, and runs in the application's processes, so it needs nothing but the server's
own requirements.
"""
