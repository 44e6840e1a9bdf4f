"""What the operating system has a say in: files, memory, the user's folders, the terminal."""
