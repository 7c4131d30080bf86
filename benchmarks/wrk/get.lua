dofile(os.getenv("BENCH_SCRIPTS") .. "/report.lua")
