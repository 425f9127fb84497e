"""The store: SQLite with group commit, the lock of its folder, and the vault that seals refresh tokens."""
