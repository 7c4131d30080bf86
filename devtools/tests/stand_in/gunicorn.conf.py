import os

bind = os.environ["BIND"]
workers = 1
graceful_timeout = 30
control_socket_disable = True
