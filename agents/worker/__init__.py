"""The running worker: composition root, Faust application, handlers, assignment, flush."""
