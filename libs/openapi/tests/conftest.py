pytest_plugins = ["library.fixtures"]
