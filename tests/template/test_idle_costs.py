"""What docs/deploy-options.md says that a stage costs while nobody asks it is of what the template makes."""

import re

from functions.local.process.child import ROOT
from functions.monitor.metrics import ALARMS
from tests.support.declared import RESOURCES

# In dollars a month, as the page has them: an alarm, a metric, a dashboard, and how many are free.
ALARM, METRIC, DASHBOARD = 0.10, 0.30, 3.00
FREE_ALARMS = 10


def alarms(condition: str | None) -> int:
    return sum(
        resource["Type"] == "AWS::CloudWatch::Alarm" and resource.get("Condition") == condition
        for resource in RESOURCES.values()
    )


def test_the_sum_is_that_of_the_alarms_metrics_and_dashboards_that_are_made() -> None:
    page = re.sub(r"\s+", " ", (ROOT / "docs" / "deploy-options.md").read_text())
    made = alarms(None)
    dashboards = sum(resource["Type"] == "AWS::CloudWatch::Dashboard" for resource in RESOURCES.values())
    assert f"its {made} alarms" in page
    assert (len(ALARMS), dashboards) == (3, 1)
    assert "its dashboard (3) and three metrics" in page
    whole = made * ALARM + len(ALARMS) * METRIC + dashboards * DASHBOARD
    assert f"come to: {whole:.2f}, and {(made - FREE_ALARMS) * ALARM:.2f} where" in page
    assert alarms("HasTracking") == 2
    assert "`TrackingUri` adds two alarms" in page
