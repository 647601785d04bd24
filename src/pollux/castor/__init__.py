"""The mortal twin for practice: emulated devices and recordings that speak the real protocols."""
