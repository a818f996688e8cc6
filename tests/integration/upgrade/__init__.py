"""From the collection's former release to this tree, on a host that serves."""

# What stands for the former release as long as none has a tag.
FORMER = "60c1c57972117c6db6f19e0d5981ed46c850da43"
