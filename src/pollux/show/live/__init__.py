"""The live wire: one binary frame format, boards of newest values, and who watches what."""
