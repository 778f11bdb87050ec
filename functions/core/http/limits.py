"""How much an HTTP function reads, and what every answer tells browsers and proxies."""

MAX_HEADERS = 64
MAX_BODY_BYTES = 262_144
# What takes many rows at once reads as much as Lambda hands over.
BATCH_PATHS = ("/predict/batch", "/invocations", "/infer", "/schema/inference")
# So does what takes the file of a table, which stands behind this in the path.
FILES = "/datasets/"
MAX_BATCH_BYTES = 6 * 1024 * 1024

# Of an answer, as Lambda counts it: all of it as JSON in UTF-8. What is larger, Lambda throws away.
MAX_ANSWER_BYTES = 6 * 1024 * 1024

# Of an answer, in bytes. Less goes in a packet or two either way; to compress it takes 0.2 to 0.3 ms.
MIN_COMPRESSED = 2_048

ANSWER_HEADERS = (
    # An answer may tell something about a person.
    (b"cache-control", b"no-store"),
    # It comes in gzip to who takes that.
    (b"vary", b"accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    # API Gateway speaks https alone. For a year a browser asks no other way; of other domains below this one
    # their owner is to say. Over plain http it means nothing (RFC 6797, 8.1): the runner leaves it out.
    (b"strict-transport-security", b"max-age=31536000"),
    # A page that needs scripts says which; any other answer needs nothing at all.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
