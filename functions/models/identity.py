"""Who asks, as they are told themselves."""

from pydantic import BaseModel, Field


class Me(BaseModel):
    """The caller: the holder of a key, or a person who is logged in."""

    id: str = Field(description="Of the key, or of the person: what stands in the history of what they do")
    name: str = Field(description="What to call them: of a key, what was noted when it was made")
    scopes: list[str] = Field(description="What they may do; an administrator may do everything")
    models: list[str] | None = Field(description="The models that they may do it with; null: all of them")
