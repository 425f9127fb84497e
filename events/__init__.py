"""The vocabulary: facts in the past tense, the values that they carry, and the registry that stores them."""
