"""GET /models and its relatives: the Lambda entry point."""

from functions.core.http.lambda_entry import lambda_handler
from functions.models.app import app

handler = lambda_handler(app)
