"""A section of config.yaml, as all of them are made."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of config.yaml. Each key carries its explanation, and an example where its default says too little."""

    model_config = ConfigDict(extra="forbid", frozen=True)
