"""What a new file makes newly possible: one comparison for the device and for compliance."""
