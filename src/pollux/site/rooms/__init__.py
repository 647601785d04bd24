"""The rooms of a tenancy: what the server asks of an open site, one small file a question."""
