"""Public exams and fakes, for whoever writes a driver, a log, a physics or a test of their own.

`check_driver`, `check_log` and `check_physics` need no test framework: each raises AssertionError with what broke.
"""
