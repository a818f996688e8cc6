"""Programs that build and check the project itself: its artifact, its documentation and its site."""
