"""Bus, runtime, store and the adapters. `engine/engine.py` alone puts them together."""
