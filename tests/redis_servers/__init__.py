"""Redis servers of tests, from the wheel of the embedded stack: a cluster, a primary with replica and Sentinels."""
