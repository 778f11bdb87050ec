"""The routes of one version. They stand twice: below `/models/{version}` for the default model, and below
`/models/{model}/versions/{version}` for any."""

from fastapi import APIRouter, Response

from functions.core.http.refusals import error_answers
from functions.core.identity.caller import Caller
from functions.core.registry import deletion, deployment
from functions.core.storage.view import ModelStore
from functions.models.cards import Form, form_asked_for, headers_of, write_card
from functions.models.curves import Curves, curves_of
from functions.models.overview import ChampionCard, card_of_change
from functions.models.promotions import PromotionRequest
from functions.models.routing import CARD_ANSWERS, Accept, CardForm, WhoseVersion, Why

_ON_READ = error_answers(401, 403, 404, 422, 503)
_ON_CHANGE = error_answers(400, 401, 403, 404, 409, 413, 415, 422, 503)
_ON_DELETE = error_answers(401, 403, 404, 409, 422, 503)


def version_routes(whose: WhoseVersion) -> APIRouter:
    """The routes, to be put below the path of a version. whose: how that path names it, and who may ask."""
    # As long as its routes are, which have to be made where `whose` is known.
    router = APIRouter()
    # As defaults and not in annotations: an annotation has to be known to type checkers.
    a_store, a_version, a_caller = whose.store, whose.version, whose.administrator

    @router.get(
        "/curves",
        summary=f"Draw the curves of {whose.title}",
        description="ROC and calibration on the rows that the version held out.",
        responses=_ON_READ,
        dependencies=whose.may_read,
    )
    async def read_curves(store: ModelStore = a_store, version: str = a_version) -> Curves:
        return curves_of(store, version)

    @router.get(
        "/card",
        summary=f"Write the card of {whose.title}",
        description=(
            "The model card: what the version is for, what it was made from, how good it is, what it goes "
            "by, and its limits, all from its manifest. In Markdown with the metadata of the Hugging Face "
            "Hub and skops, or in HTML, as `format` or the header `accept` says."
        ),
        response_class=Response,
        responses=_ON_READ | CARD_ANSWERS,
        dependencies=whose.may_read,
    )
    async def read_card(
        store: ModelStore = a_store, version: str = a_version, form: CardForm = None, accept: Accept = ""
    ) -> Response:
        return _card(store, version, form, accept)

    @router.post(
        "/promote",
        summary=f"Put {whose.title} into service",
        responses=_ON_CHANGE,
        dependencies=whose.may_change,
    )
    async def promote_version(
        request: PromotionRequest,
        caller: Caller = a_caller,
        store: ModelStore = a_store,
        version: str = a_version,
    ) -> ChampionCard:
        champion = deployment.promote_by_hand(
            store, version, by=caller.key_id, reason=request.reason, force=request.force
        )
        return card_of_change(store, champion)

    @router.delete(
        "",
        summary=f"Delete {whose.title}",
        description="Never the one in service, nor the one that a rollback would go back to.",
        status_code=204,
        responses=_ON_DELETE,
        dependencies=whose.may_change,
    )
    async def delete_version(
        caller: Caller = a_caller, store: ModelStore = a_store, version: str = a_version, why: Why = None
    ) -> None:
        deletion.delete(store, version, by=caller.key_id, reason=why)

    return router


def _card(store: ModelStore, version: str, named: Form | None, accept: str) -> Response:
    form = form_asked_for(named, accept)
    text, media_type = write_card(store, version, form)
    return Response(text, media_type=media_type, headers=headers_of(form))
