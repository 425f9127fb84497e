"""What embedding teams test with: a clock that is moved by hand, providers and submission servers on
loopback.

Rule: everything here is as strict as the real servers are, speaks TLS from a throw-away authority, and takes
the time from the clock that it is given.
"""
