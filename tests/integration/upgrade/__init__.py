"""From the collection's former release to this tree, on a host that serves."""

# What stands for the former release as long as none has a tag.
FORMER = "a1c3ae4cbdf87048a0939c8c2c0e2e081bcdd565"
