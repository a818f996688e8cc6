"""Is this commit slower than another one? Processor time of the controller and of the hosts, in pairs.

python -m tests.bench.against 60c1c57              # ten pairs of each kind
python -m tests.bench.against 60c1c57 --pairs 3
"""
