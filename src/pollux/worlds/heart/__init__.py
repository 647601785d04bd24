"""The heart: a live twin of a man of 62 with chronic heart failure.

Simulated patient. Research software, not a medical device, not validated clinically.
Do not use for emergencies or for treatment decisions.
"""
