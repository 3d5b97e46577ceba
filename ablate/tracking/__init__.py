"""The only home of MLflow: journal, shipper, reader."""
