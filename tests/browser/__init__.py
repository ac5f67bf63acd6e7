"""The pages in a real browser: what people see, and what a program that checks pages for everybody finds."""
