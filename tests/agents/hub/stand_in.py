"""A stand-in for the Hugging Face hub: the few endpoints that huggingface_hub uses to upload and download a model.

Small files come inside the commit, large ones through Git LFS. Xet, the hub's newer storage, has to be switched off.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_of_the_test"


class Hub:
    """What the stand-in holds."""

    def __init__(self) -> None:
        self.url = ""
        self.private: dict[str, bool] = {}
        """Repositories by name, and whether they are private."""
        self.files: dict[str, dict[str, bytes]] = {}
        """Content of each repository at its last commit."""
        self.lfs: dict[str, bytes] = {}
        """Objects of Git LFS by sha256."""
        self.commits = 0

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Create a repository."""
        name = f"{body['organization'] or 'me'}/{body['name']}"
        self.private[name] = body.get("visibility") == "private"
        self.files.setdefault(name, {})
        return {"url": f"{self.url}/{name}", "id": name, "name": name}

    def preupload(self, body: dict[str, Any]) -> dict[str, Any]:
        """Say how each file of a commit is to be uploaded."""
        modes = {file["path"]: "lfs" if file["path"].endswith(".safetensors") else "regular" for file in body["files"]}
        return {"files": [{"path": path, "uploadMode": mode, "shouldIgnore": False} for path, mode in modes.items()]}

    def batch(self, body: dict[str, Any]) -> dict[str, Any]:
        """Say where objects of Git LFS are put."""
        return {
            "transfer": "basic",
            "objects": [
                each | {"actions": {"upload": {"href": f"{self.url}/lfs/{each['oid']}"}}} for each in body["objects"]
            ],
        }

    def commit(self, name: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
        """Take a commit: small files in base64, the others by their sha256."""
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.files[name][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                content = self.lfs[value["oid"]]
                assert hashlib.sha256(content).hexdigest() == value["oid"]
                assert len(content) == value["size"]
                self.files[name][value["path"]] = content
        self.commits += 1
        return {"commitUrl": f"{self.url}/{name}/commit/{self.head}", "commitOid": self.head}

    @property
    def head(self) -> str:
        """The last commit."""
        return f"{self.commits:040x}"


@contextlib.contextmanager
def serving() -> Iterator[Hub]:
    """Serve an empty hub on this machine."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self._body()
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return self._answer(401, {"error": "no token"})
            path = self.path.strip("/")
            if path == "api/repos/create":
                return self._answer(200, hub.create(json.loads(body)))
            if path == "api/validate-yaml":
                return self._answer(200, {"errors": [], "warnings": []})
            if path.endswith(".git/info/lfs/objects/batch"):
                return self._answer(200, hub.batch(json.loads(body)))
            name, _, action = path.removeprefix("api/models/").rpartition("/main")[0].rpartition("/")
            if action == "preupload":
                return self._answer(200, hub.preupload(json.loads(body)))
            if action == "commit":
                return self._answer(200, hub.commit(name, [json.loads(line) for line in body.splitlines()]))
            return self._answer(404, {"error": path})

        def do_PUT(self) -> None:
            hub.lfs[self.path.rpartition("/")[2]] = self._body()
            self._answer(200, {})

        def do_HEAD(self) -> None:
            name, _, file = self.path.strip("/").partition("/resolve/main/")
            if not name:
                return self._answer(200, {})
            content = hub.files.get(name, {}).get(file)
            if content is None:
                code = "EntryNotFound" if name in hub.files else "RepoNotFound"
                return self._send(404, b"", {"X-Error-Code": code})
            digest = hashlib.sha256(content).hexdigest()
            return self._send(200, content, {"ETag": f'"{digest}"', "X-Repo-Commit": hub.head})

        do_GET = do_HEAD

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def _answer(self, status: int, values: dict[str, Any]) -> None:
            self._send(status, json.dumps(values).encode(), {"Content-Type": "application/json"})

        def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        hub.url = f"http://127.0.0.1:{server.server_port}"
        yield hub
        server.shutdown()
