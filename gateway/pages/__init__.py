"""Pages for people: the live page, the overlay, the public draw. Rendered here first; ES modules keep them current."""
