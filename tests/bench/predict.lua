-- What wrk sends, and the figures it prints at the end: one line of JSON, times in microseconds.

wrk.method = "POST"
wrk.headers["content-type"] = "application/json"

-- The body is what stands after "--" on the command line.
function init(arguments)
  wrk.body = arguments[1]
end

function done(summary, latency, requests)
  local failed = summary.errors
  print(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %.1f, "p99": %.1f, "failed": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    failed.connect + failed.read + failed.write + failed.status + failed.timeout
  ))
end
