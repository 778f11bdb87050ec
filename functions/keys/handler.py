"""GET /keys and its relatives: the Lambda entry point."""

from mangum import Mangum

from functions.keys.app import app

handler = Mangum(app, lifespan="off")
