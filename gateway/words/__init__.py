"""The words behind the mood: read beside the numbers, while somebody watches."""
