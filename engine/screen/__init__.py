"""The device's own browser as the sign-in screen (S18, S19a)."""
