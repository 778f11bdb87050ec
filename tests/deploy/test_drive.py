"""A stage as `sam deploy` leaves it does its work: from the first upload to the last route."""

from collections import Counter

from tests.deploy import exercise_many as many
from tests.deploy import exercise_models as models
from tests.deploy import exercise_requests as requests
from tests.deploy.invocations import refuse_missing_permissions
from tests.deploy.stage import ROUTES, Stage
from tests.support.steps import Steps


def test_whatever_invokes_a_function_may_do_so(stage: Stage) -> None:
    assert refuse_missing_permissions(stage) > len(ROUTES)


def test_before_there_is_a_model_nothing_fails(stage: Stage) -> None:
    models.refuse_before_there_is_a_model(stage)


def test_an_upload_becomes_a_champion(stage: Stage, step: Steps) -> None:
    with step("retrain") as said:
        said.append(f"version {models.train_the_first_model(stage)}")


def test_open_routes_need_no_key(stage: Stage) -> None:
    requests.ask_open_routes(stage)


def test_all_other_routes_refuse_strangers(stage: Stage) -> None:
    requests.refuse_strangers(stage)


def test_predictions_are_made_logged_looked_up_labelled_and_trained_on(stage: Stage, step: Steps) -> None:
    with step("predict"):
        ids = requests.predict(stage)
    with step("log"):
        requests.carry_the_log(stage, ids)
        requests.look_up_predictions(stage, ids)
    with step("feedback"):
        requests.tell_outcomes(stage, ids)
    with step("monitor"):
        models.watch_and_train(stage)


def test_a_second_model_comes_by_the_api_alone(stage: Stage, step: Steps) -> None:
    with step("2nd model"):
        models.train_a_second_model(stage)


def test_a_bad_dataset_under_an_awkward_key_is_refused_with_a_report(stage: Stage) -> None:
    models.refuse_a_bad_dataset(stage)


def test_versions_are_compared_promoted_taken_back_and_deleted(stage: Stage, step: Steps) -> None:
    with step("versions"):
        models.compare_and_change_versions(stage)
        models.read_datasets(stage)


def test_files_are_scored(stage: Stage, step: Steps) -> None:
    with step("scoring"):
        requests.score_files(stage)
        requests.score_in_a_hurry(stage)


def test_a_folder_of_files_is_scored_by_one_execution(stage: Stage, step: Steps) -> None:
    with step("many") as said:
        told = many.score_a_folder(stage)
        said += [f"{key.rpartition('/')[2] or '(the folder)'}: {one['state']}" for key, one in told.items()]
        many.score_it_again(stage, told)


def test_an_execution_whose_function_cannot_run_fails_and_is_started_again(stage: Stage) -> None:
    many.fail_and_go_on(stage)


def test_keys_are_made_listed_and_revoked(stage: Stage) -> None:
    requests.manage_keys(stage)


def test_every_route_of_the_template_did_what_it_is_for(stage: Stage, step: Steps) -> None:
    served = Counter(asked.route for asked in stage.asked if asked.status < 400)
    # What no route takes is refused: that is what this one is for.
    served += Counter(asked.route for asked in stage.asked if asked.route == "$default")
    with step("routes") as said:
        said.append(f"{len(stage.asked)} requests by {len(served)} routes")
    assert {route.key for route in ROUTES} - served.keys() == set()
