-- Shared by the scripts: prints the result as one line of JSON, and paces requests if BENCH_RATE is set (requests a
-- second, over all connections of the one thread).

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "max": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

local rate = tonumber(os.getenv("BENCH_RATE"))
if rate then
  local ffi = require("ffi")
  ffi.cdef("typedef struct { long seconds; long nanoseconds; } instant; int clock_gettime(int clock, instant *at);")
  local at, due = ffi.new("instant"), nil

  -- Milliseconds that a connection waits before its next request. Requests are scheduled 1/rate apart; connections that
  -- fell behind catch up.
  function delay()
    ffi.C.clock_gettime(1, at)
    local now = tonumber(at.seconds) * 1000 + tonumber(at.nanoseconds) / 1e6
    due = math.max((due or now) + 1000 / rate, now - 1000)
    return math.max(0, due - now)
  end
end
