"""What the README's performance table is printed from."""
