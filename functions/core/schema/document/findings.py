"""What is found in the document of a schema while it is read."""


class Findings:
    """faults: why it is no schema; notes: what is passed over in it. Both are sentences, with the field."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.notes: list[str] = []

    def fault(self, sentence: str) -> None:
        self.faults.append(sentence)
