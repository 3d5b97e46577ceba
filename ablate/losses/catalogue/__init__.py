"""Published gradient losses by name, as settings of the family; knows no torch."""
