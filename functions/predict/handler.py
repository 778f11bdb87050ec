"""POST /predict and its relatives: the Lambda entry point."""

from mangum import Mangum

from functions.predict.app import app
from functions.predict.snapshot import register_hooks

handler = Mangum(app, lifespan="off")
register_hooks()
