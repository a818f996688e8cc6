"""What runs of the playbook cost, against the raw cost and against roles written the usual way."""
