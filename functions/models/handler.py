"""GET /models and its relatives: the Lambda entry point."""

from mangum import Mangum

from functions.models.app import app

handler = Mangum(app, lifespan="off")
