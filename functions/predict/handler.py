"""POST /predict and its relatives: the Lambda entry point."""

from mangum import Mangum

from functions.predict.lane import application
from functions.predict.snapshot import register_hooks

handler = Mangum(application, lifespan="off")
register_hooks()
