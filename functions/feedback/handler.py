"""POST /feedback and its relatives: the Lambda entry point."""

from mangum import Mangum

from functions.feedback.app import app

handler = Mangum(app, lifespan="off")
