"""Frames: how a message travels as QR codes. Bytewords, Uniform Resources, the fountain code, symbols and pictures."""
