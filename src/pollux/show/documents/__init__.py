"""What goes over the wire as JSON: one frozen value per document, exactly as clients see it.

Times are seconds since 1970 UTC, durations seconds; None means "not known" and is written as null.
"""
