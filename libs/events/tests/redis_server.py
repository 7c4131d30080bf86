"""Debian's redis-server, for tests of the broker."""

import os
import shutil
import subprocess
import time

import pytest
from redis import Redis, RedisError

from devservers.ports import find_free_port


class RedisServer:
    """A server without persistence, which keeps its port after a restart."""

    def __init__(self, folder):
        self.folder, self.port = folder, find_free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis.from_url(self.url, decode_responses=True)
        self._process = None

    def start(self):
        executable = shutil.which("redis-server")
        if executable is None:
            if os.environ.get("REQUIRE_REDIS") == "1":
                pytest.fail("REQUIRE_REDIS=1, but there is no redis-server")
            pytest.skip("no redis-server")
        command = [executable, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        for _ in range(600):
            try:
                self.client.ping()
            except RedisError:
                time.sleep(0.05)
            else:
                return
        pytest.fail(f"no server listens on port {self.port}")

    def kill(self):
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self):
        self.client.close()
        self.kill()

    def entries(self):
        """Return the stream as [(id, epoch, event)]."""
        return [(entry_id, one["epoch"], one["event"]) for entry_id, one in self.client.xrange("articles")]

    def ids(self):
        return [entry_id for entry_id, *_ in self.entries()]
