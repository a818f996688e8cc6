"""How fast is what stands around an application: ours, the guide's own configuration, and uvicorn?

python -m tests.bench.serving              # measure and print
python -m tests.bench.serving --write      # docs/serving.md, docs/benchmarks/serving*.{json,svg}
"""
