"""Scores of anybody's fused images: folders in, per-image values and a ranked table out."""
