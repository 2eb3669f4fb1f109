"""What touches the world: frames, disk, clock, screen, and the jail in which pictures are decoded."""
