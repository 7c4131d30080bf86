dofile(os.getenv("BENCH_SCRIPTS") .. "/report.lua")

local run, count = os.getenv("BENCH_RUN"), 0
local headers = { ["Content-Type"] = "application/json" }

-- Every user has a unique address.
function request()
  count = count + 1
  local body = string.format('{"name": "John", "email": "john-%s-%d@example.com"}', run, count)
  return wrk.format("POST", nil, headers, body)
end
