"""POST /predict and its relatives: the Lambda entry point."""

from mangum import Mangum

from functions.predict.app import app

handler = Mangum(app, lifespan="off")
