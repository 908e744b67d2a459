"""What every other package builds on: text, validation, plain HTTP values and the base errors."""
