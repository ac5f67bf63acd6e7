"""The live demo: the embedded stack, one worker and the simulator, and a terminal view of the read model."""
