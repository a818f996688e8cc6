"""Which server, with which upstream connections, loses no request, and how fast is it?

python -m tests.bench.servers --quick
python -m tests.bench.servers --write      # docs/servers.md, docs/benchmarks/servers.json
"""
