"""Designs: tables of factor values, one file each."""
