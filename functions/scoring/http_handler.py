"""POST /scoring and its relatives: the Lambda entry point of what is asked about jobs."""

from functions.core.http.lambda_entry import lambda_handler
from functions.scoring.app import app

handler = lambda_handler(app)
