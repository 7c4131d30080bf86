dofile(os.getenv("BENCH_SCRIPTS") .. "/report.lua")

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"user_id": 1, "product_name": "Laptop"}'
