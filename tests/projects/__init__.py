"""Small applications as people package them: each style, framework, server and way to build, with what comes of it.

`table.py` has the rows. Unit tests take the decisions on each; `make projects` releases each on Debian 12 and 13, and
`make test` the worst six.
"""
