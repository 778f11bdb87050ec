"""What AWS asks in us-east-1, in dollars, without free tiers: published prices, looked up on `READ`."""

from datetime import date

READ = date(2026, 11, 21)
GIB = 2**30
MILLION = 1_000_000

# https://aws.amazon.com/lambda/pricing/ (x86, first tier). Every start counts as duration, too:
# https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = 0.0000166667
# https://aws.amazon.com/api-gateway/pricing/ (HTTP API, first 300 million a month, up to 512 KB each)
HTTP_API_REQUEST = 1.00 / MILLION
# https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer (to the internet, first 10 TB a month)
TRANSFER_BYTE = 0.09 / GIB
# https://aws.amazon.com/cloudwatch/pricing/ (standard class, first 10 TB a month). An event weighs 26 bytes
# more than it has: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
LOG_BYTE = 0.50 / GIB
LOG_EVENT_BYTES = 26
ALARM_MONTH = 0.10
# https://aws.amazon.com/xray/pricing/
TRACE = 5.00 / MILLION
# https://aws.amazon.com/firehose/pricing/ (Direct PUT, first 500 TB a month); records count in steps of 5 KB.
# To decompress costs a small part of that and is left out.
FIREHOSE_BYTE = 0.029 / GIB
FIREHOSE_STEP_BYTES = 5 * 1024
# https://aws.amazon.com/s3/pricing/ (Standard)
S3_BYTE_MONTH = 0.023 / GIB
S3_PUT = 0.005 / 1000
S3_GET = 0.0004 / 1000
