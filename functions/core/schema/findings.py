"""What is found in the document of a schema while it is read."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Findings:
    """faults: why it is no schema; notes: what is passed over in it. Both are sentences, with the field."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def fault(self, sentence: str) -> None:
        self.faults.append(sentence)
