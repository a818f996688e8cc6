"""Tests on real hosts: what molecule's scenarios verify."""
