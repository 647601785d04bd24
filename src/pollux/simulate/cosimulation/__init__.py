"""Unlike things run together: compiled types, FMUs, discrete models and domain engines behind one interface."""
