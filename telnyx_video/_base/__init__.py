"""What every other room stands on: text, checks, plain HTTP values and the base errors."""
