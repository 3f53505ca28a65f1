"""The version of alt-processing that this package belongs to."""

VERSION = "0.1.0"
