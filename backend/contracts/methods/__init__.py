"""The methods' settings, one class a method, by group."""
