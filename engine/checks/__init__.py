"""Whether mail can go as this device is set, looked at step by step before the first scan (B4)."""
