"""Programs made to run: back ends, the cache of compiled code, compilation beside the program."""
