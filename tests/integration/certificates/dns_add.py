#!/usr/bin/python3
"""Makes the CA's TXT record in the DNS of the tests."""

import json
import os
import urllib.request

record = {"host": f"_acme-challenge.{os.environ['CERTBOT_DOMAIN']}.", "value": os.environ["CERTBOT_VALIDATION"]}
urllib.request.urlopen("http://198.18.0.1:8055/set-txt", json.dumps(record).encode(), timeout=10).close()
