"""Tensor operators shared by losses and metrics."""
