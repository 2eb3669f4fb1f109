"""Who pays whom: the travel-rule records of a request, the IVMS101 data in them, and what makes it complete."""
