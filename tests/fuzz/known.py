"""Faults that are known and mended elsewhere: what shows them is made up once their entry is deleted."""

KNOWN = {
    "host": "a Host or X-Forwarded-Port that is none fails in Mangum before any of our code",
    "slash": "a path with a slash behind it, or two, is redirected to wherever Host says, not refused",
    "base64": "a body that is not the base64 it is said to be fails in Mangum before any of our code",
}
