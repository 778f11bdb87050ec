"""What the function is told by its environment."""

from dataclasses import dataclass

from functions.core.base.settings import StoreSettings, setting


@dataclass(frozen=True, kw_only=True)
class TrackSettings(StoreSettings):
    """`LIFEBOAT_STORE`, `_DEFAULT_MODEL` and `_TRACKING_URI`."""

    tracking_uri: str = setting(description="Where MLflow's server is: http(s)://..., or what a plugin knows")
