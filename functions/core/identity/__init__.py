"""Who calls: keys, where they are listed, and what their holders may do."""
