"""What a backend answers, and how fast, once it holds years of work."""
