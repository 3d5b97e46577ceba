"""The study engine: plan, ledger, driver, status."""
