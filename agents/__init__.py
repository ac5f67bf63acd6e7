"""When and where it happens: the Faust application, its transport, sinks, metrics, settings and the command line."""
