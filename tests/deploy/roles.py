"""What the deployed roles allow, judged both ways by the calls that were made of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.deploy.emulator import Call
from tests.deploy.stage import Stage
from tests.stories.iam import OF_LAMBDA, Grant, Need, prefixes

# Roles that no function has. MiniStack does their work, if at all, without asking for their rights.
OF_SERVICES = {
    "PredictionFilterRole": "CloudWatch Logs hands lines to the stream; the emulator delivers none",
    "PredictionStreamRole": "Firehose writes to the bucket; the emulator delivers nothing",
    "ScoringOfManyRole": "Step Functions lists files and invokes; the emulator asks for no rights of it",
}


@dataclass(frozen=True, slots=True)
class Right:
    """One action on one pattern of resources, and the statement that gives it."""

    statement: str
    grant: Grant

    def __str__(self) -> str:
        place = self.grant.resource.rpartition(":")[2] or self.grant.resource
        return f"{self.statement}: {self.grant.action} {place}"


@dataclass
class Judgement:
    """A role: its calls and rights. Without any of those in `unused`, no call would be refused."""

    role: str
    calls: Counter[Call]
    rights: list[Right]
    unused: list[Right] = field(default_factory=list)

    @property
    def denied(self) -> list[Call]:
        return [call for call in self.calls if not call.allowed]

    @property
    def of_aws(self) -> int:
        return sum(right.grant.action in OF_LAMBDA for right in self.rights)

    def use_of(self, right: Right) -> str:
        """How many calls asked for a right, or who does where that is not seen here."""
        asked = sum(
            number
            for call, number in self.calls.items()
            if right.grant.covers(Need(call.action, call.resource, call.prefix))
        )
        return f"{asked:,}" if asked else OF_LAMBDA.get(right.grant.action, "0")

    def row(self) -> str:
        return (
            f"{self.role:<18} {self.calls.total():>6} {len(_needs(self.calls)):>8} {len(self.denied):>6} "
            f"{len(self.rights):>6} {self.of_aws:>6} {len(self.unused):>6}"
        )


HEADER = f"{'role':<18} {'calls':>6} {'distinct':>8} {'denied':>6} {'rights':>6} {'of AWS':>6} {'unused':>6}"


def write_table(judged: Sequence[Judgement], services: Mapping[str, Sequence[Right]], path: Path) -> None:
    """Each role with each of its rights, and how many calls asked for it, as Markdown.

    services: the roles that no function has, by whose rights nothing was asked.
    """
    lines = ["# Roles: rights given, calls made", "", "```", HEADER]
    lines += [*(judgement.row() for judgement in judged), "```"]
    for judgement in judged:
        lines += ["", f"## {judgement.role}", "", "| right | calls |", "|---|---:|"]
        lines += [f"| {right} | {judgement.use_of(right)} |" for right in judgement.rights]
    for role, rights in services.items():
        lines += ["", f"## {role}", "", f"{OF_SERVICES[role]}.", ""]
        lines += [f"- {right}" for right in rights]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def judge_roles(stage: Stage) -> list[Judgement]:
    """Every role that a function has, as it is deployed, by the calls noted so far."""
    calls = stage.emulator.calls()
    judged = []
    for role, name in sorted(stage.resources.items()):
        if not role.endswith("Role") or role in OF_SERVICES:
            continue
        rights = list(read_rights(stage, name))
        made = Counter({call: number for call, number in calls.items() if call.role == name})
        judged.append(Judgement(role, made, rights, list(_unused(_needs(made), rights))))
    return judged


def read_rights_of_services(stage: Stage) -> dict[str, list[Right]]:
    """Those of the roles that no function has."""
    return {
        role: list(read_rights(stage, stage.resources[role], with_conditions=True)) for role in OF_SERVICES
    }


def read_rights(stage: Stage, role: str, *, with_conditions: bool = False) -> Iterator[Right]:
    """The rights of a deployed role. A condition is on the prefix of a listing, or else only to be read."""
    iam: Any = stage.emulator.client("iam")
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        for statement in document["Statement"]:
            assert statement["Effect"] == "Allow"
            patterns = [None] if with_conditions else prefixes(statement.get("Condition"))
            for action in _list(statement["Action"]):
                for resource in _list(statement["Resource"]):
                    for prefix in patterns:
                        yield Right(statement["Sid"], Grant(action, resource, prefix))


def _needs(calls: Counter[Call]) -> set[Need]:
    return {Need(call.action, call.resource, call.prefix) for call in calls}


def _unused(needs: set[Need], rights: list[Right]) -> Iterator[Right]:
    """Rights without which every call would still be covered, of those that are not for AWS itself."""
    for right in rights:
        if right.grant.action in OF_LAMBDA:
            continue
        others = [other.grant for other in rights if other is not right]
        if all(any(grant.covers(need) for grant in others) for need in needs if right.grant.covers(need)):
            yield right


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
