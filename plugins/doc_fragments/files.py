"""What M(asgi.deploy.files) writes and M(asgi.deploy.look) looks at."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = """
options:
  files:
    description: The files.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is.
        type: path
        required: true
      state:
        description: What it is.
        type: str
        choices: [file, directory, absent]
        default: file
      content:
        description: The text of a file.
        type: str
      secret_content:
        description: The same, of a file whose text is not to be shown anywhere.
        type: str
      mode:
        description: Its mode in octal; V(0644) by default, V(0755) for a directory.
        type: str
      owner:
        description: Its owner.
        type: str
        default: root
      group:
        description: Its group.
        type: str
        default: root
  reload:
    description: The service that reads the files.
    type: str
"""
