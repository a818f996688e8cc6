"""The guide's settings of gunicorn; the workers and what they restart after are its own numbers, too."""

import multiprocessing
import os

bind = os.environ["BIND"]
backlog = 2048
workers = 2 * multiprocessing.cpu_count() + 1
worker_class = "uvicorn.workers.UvicornWorker"
worker_connections = 1000
max_requests, max_requests_jitter = 10000, 1000
timeout, graceful_timeout, keepalive = 120, 30, 5
accesslog = None if os.environ["JSON"] == "yes" else "-"
errorlog = "-"
loglevel = "info"
limit_request_line, limit_request_fields, limit_request_field_size = 4094, 100, 8190
