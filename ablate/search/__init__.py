"""The only home of Optuna: space, samplers, pruners, store."""
