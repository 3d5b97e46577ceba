"""Ablation studies for infrared-visible image fusion that answer their questions."""

__version__ = "0.1.0"
