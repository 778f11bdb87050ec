"""Where people log in, as template.yaml has it: nowhere, in a user pool of the stack, or at a provider."""

import re
from typing import Any

import pytest

from functions.authorize.login import Login
from functions.authorize.settings import AuthorizeSettings
from functions.core.identity.provider import parse_groups
from functions.local.platform.template import read_template
from functions.pages.settings import PagesSettings
from functions.pages.site import Site
from tests.support.declared import DOCUMENT, PARAMETERS, RESOURCES, TEMPLATE, of_type

COGNITO = {"Login": "Cognito", "PagesUrl": "https://pages.example.org"}
EXTERNAL = {
    "Login": "External",
    "LoginIssuer": "https://login.example.com/realms/crew",
    "LoginAudience": "lifeboat-api",
    "LoginNameClaim": "preferred_username",
    "LoginGroups": "crew=predict,feedback captains=admin",
    "LoginClient": "lifeboat-pages",
    "LoginAuthorizeUrl": "https://login.example.com/auth",
    "LoginTokenUrl": "https://login.example.com/token",
    "LoginLogoutUrl": "https://login.example.com/logout",
}
POOL = {id_: resource for id_, resource in RESOURCES.items() if resource["Type"].startswith("AWS::Cognito::")}


def told(function: str, **parameters: str) -> dict[str, str]:
    """What a function is told of log-in, by the end of the variable's name."""
    environment = read_template(TEMPLATE, **parameters).functions[function].environment
    beginning = "LIFEBOAT_LOGIN_"
    return {
        name.removeprefix(beginning): value
        for name, value in environment.items()
        if name.startswith(beginning)
    }


def policy(**parameters: str) -> str:
    """The Content-Security-Policy that the pages are served with."""
    environment = read_template(TEMPLATE, **parameters).functions["PagesFunction"].environment
    return Site(PagesSettings.from_environment(environment)).policy


@pytest.mark.parametrize("unused", [{}, {**COGNITO, "Login": "None"}, {**EXTERNAL, "Login": "None"}])
def test_nobody_logs_in_unless_a_parameter_says_so(unused: dict[str, str]) -> None:
    assert PARAMETERS["Login"]["Default"] == "None"
    assert told("AuthorizeFunction", **unused)["ISSUER"] == ""
    assert told("PagesFunction", **unused)["AUTHORIZE"] == ""
    assert all("Condition" in resource for resource in POOL.values())
    assert "https://" not in policy(**unused)


def test_with_cognito_the_tokens_of_the_stacks_own_pool_count() -> None:
    authorizer = told("AuthorizeFunction", **COGNITO)
    assert authorizer["ISSUER"] == "https://cognito-idp.us-east-1.amazonaws.com/UserPool"
    # Where the keys are follows from the issuer; the parameter is of other providers.
    assert told("AuthorizeFunction", **COGNITO, LoginKeys="https://elsewhere.example.com")["KEYS"] == ""
    assert authorizer["AUDIENCE"].split() == ["PagesClient"]
    programs = {**COGNITO, "LoginProgramScopes": "lifeboat/predict", "LoginAudience": "another"}
    assert told("AuthorizeFunction", **programs)["AUDIENCE"].split() == [
        "PagesClient",
        "ProgramClient",
        "another",
    ]
    assert told("KeysFunction", **COGNITO)["POOL"].startswith(
        "https://us-east-1.console.aws.amazon.com/cognito/v2/idp/user-pools/UserPool/"
    )
    # What nobody can change for themselves, unlike an e-mail address.
    assert authorizer["NAME"] == "username"
    pages = told("PagesFunction", **COGNITO)
    assert pages["CLIENT"] == "PagesClient"
    domain = "https://lifeboat-dev-123456789012.auth.us-east-1.amazoncognito.com"
    assert [pages[name] for name in ("AUTHORIZE", "TOKEN", "LOGOUT")] == [
        f"{domain}/oauth2/authorize",
        f"{domain}/oauth2/token",
        f"{domain}/logout",
    ]
    assert domain.removeprefix("https://").partition(".")[0] == "lifeboat-dev-123456789012"
    assert RESOURCES["UserPoolDomain"]["Properties"]["Domain"] == [
        "Sub",
        "lifeboat-${Stage}-${AWS::AccountId}",
    ]
    assert f"connect-src 'self' {domain}" in policy(**COGNITO)


def test_with_another_provider_everything_is_as_it_says() -> None:
    assert told("AuthorizeFunction", **EXTERNAL) == {
        "ISSUER": EXTERNAL["LoginIssuer"],
        "AUDIENCE": "lifeboat-api",
        "KEYS": "",
        "NAME": "preferred_username",
        "GROUPS": "crew=predict,feedback captains=admin",
    }
    assert told("PagesFunction", **EXTERNAL) == {
        "AUTHORIZE": "https://login.example.com/auth",
        "TOKEN": "https://login.example.com/token",
        "LOGOUT": "https://login.example.com/logout",
        "CLIENT": "lifeboat-pages",
        "SCOPE": "openid profile",
        "REQUEST_AUDIENCE": "",
    }
    asked = EXTERNAL | {"LoginRequestAudience": "lifeboat-api"}
    assert told("PagesFunction", **asked)["REQUEST_AUDIENCE"] == "lifeboat-api"
    assert told("KeysFunction", **EXTERNAL) == {
        "ISSUER": EXTERNAL["LoginIssuer"],
        "GROUPS": "crew=predict,feedback captains=admin",
        "POOL": "",
    }
    assert "connect-src 'self' https://login.example.com" in policy(**EXTERNAL)


@pytest.mark.parametrize("parameters", [{}, COGNITO, EXTERNAL])
def test_the_authorizer_starts_with_what_the_template_tells_it(parameters: dict[str, str]) -> None:
    environment = read_template(TEMPLATE, **parameters).functions["AuthorizeFunction"].environment
    Login(AuthorizeSettings.from_environment(environment))


def test_every_group_of_the_pool_is_allowed_something() -> None:
    groups = {group["GroupName"] for _, group in of_type("AWS::Cognito::UserPoolGroup")}
    allowed = parse_groups(PARAMETERS["LoginGroups"]["Default"])
    assert {name: allowed[name] for name in groups} == {
        "users": ("predict",),
        "annotators": ("predict", "feedback"),
        "analysts": ("predict", "read"),
        "administrators": ("admin",),
    }


def test_nobody_signs_up_by_themselves_and_nobody_is_lost_with_the_stack() -> None:
    pool = RESOURCES["UserPool"]
    assert pool["Properties"]["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["DeletionPolicy"] == pool["UpdateReplacePolicy"] == "Retain"


def test_the_pages_have_no_secret_and_nobody_can_ask_for_a_scope_through_them() -> None:
    client = RESOURCES["PagesClient"]["Properties"]
    assert (client["GenerateSecret"], client["AllowedOAuthFlows"]) == (False, ["code"])
    # A scope of the resource server would be had by whoever asks for it.
    assert not any("/" in scope for scope in client["AllowedOAuthScopes"])
    assert client["CallbackURLs"] == client["LogoutURLs"] == [["Sub", "${PagesUrl}/"]]
    # The API names the authorizer, which is told of the client.
    assert "Api" not in str(POOL).replace("lifeboat-api", "")


def test_programs_have_a_secret_and_no_pages() -> None:
    client = RESOURCES["ProgramClient"]["Properties"]
    assert (client["GenerateSecret"], client["AllowedOAuthFlows"]) == (True, ["client_credentials"])
    assert "CallbackURLs" not in client
    scopes = {scope["ScopeName"] for scope in RESOURCES["ResourceServer"]["Properties"]["Scopes"]}
    assert scopes == {"predict", "feedback", "read", "admin"}


@pytest.mark.parametrize(
    ("parameter", "value", "fits"),
    [
        ("PagesUrl", "https://abc.execute-api.eu-west-1.amazonaws.com", True),
        ("PagesUrl", "https://example.org/crew", True),
        # The client would be sent back to an address with two slashes.
        ("PagesUrl", "https://example.org/", False),
        ("PagesUrl", "http://example.org", False),
        ("LoginIssuer", "http://login.example.com", False),
        ("LoginTokenUrl", "login.example.com", False),
        ("LoginGroups", "staff", False),
        ("LoginGroups", "", True),
        ("LoginProgramScopes", "lifeboat/predict,lifeboat/read", True),
        ("LoginProgramScopes", "predict", False),
        ("LoginKeys", '{"keys": []}', True),
        ("LoginKeys", "http://login.example.com/jwks", False),
    ],
)
def test_a_parameter_takes_what_makes_sense(parameter: str, value: str, fits: bool) -> None:
    assert bool(re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], value)) is fits


def test_what_a_log_in_needs_is_asked_for_before_anything_is_deployed() -> None:
    asked: dict[str, list[Any]] = {
        rule["RuleCondition"][1][1]: [assertion["Assert"][1][0][1][0][1] for assertion in rule["Assertions"]]
        for rule in DOCUMENT["Rules"].values()
        if rule["RuleCondition"][1][0] == ["Ref", "Login"]
    }
    assert asked == {"Cognito": ["PagesUrl"], "External": ["LoginIssuer", "LoginAudience"]}
