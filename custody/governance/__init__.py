"""What is in force, what waits, and what stands still: bundles, delays, freezing, and the two clocks."""
