"""What the HTTP functions share: how their APIs are put together, what they refuse and how they answer."""
