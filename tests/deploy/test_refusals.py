"""What a deployed stage refuses, and what it keeps of a retrain that could not be done."""

from functions.local.process.environment import Credentials
from tests.deploy import exercise_refusals as refusals
from tests.deploy.stage import Stage


def test_http_instead_of_tls_is_denied(stage: Stage, uploader: Credentials) -> None:
    refusals.refuse_plain_http(stage, uploader)


def test_who_may_upload_may_not_touch_models(stage: Stage, uploader: Credentials) -> None:
    refusals.keep_models_from_uploaders(stage, uploader)


def test_a_retrain_without_its_right_ends_in_the_failure_queue(stage: Stage) -> None:
    refusals.keep_a_failed_retrain(stage)
