"""The window: Qt widgets over the session; holds no numbers and no rules of its own."""
