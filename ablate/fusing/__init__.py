"""Uses what a study has trained: networks out of a store, fused images out of files."""
