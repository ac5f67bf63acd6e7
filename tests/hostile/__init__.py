"""A producer that means harm, beside a normal campaign on a worker of limited memory: `python -m tests.hostile`."""
