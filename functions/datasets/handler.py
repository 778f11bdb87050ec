"""GET /datasets and its relatives: the Lambda entry point."""

from functions.core.http.lambda_entry import lambda_handler
from functions.datasets.app import app

handler = lambda_handler(app)
