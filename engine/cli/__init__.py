"""The command line `franking`: a file a command."""
