"""Tables and numbers of a study; knows no torch."""
