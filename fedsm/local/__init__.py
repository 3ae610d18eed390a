"""The platform on one machine: its state folder, its processes, and the content of the two demos."""
