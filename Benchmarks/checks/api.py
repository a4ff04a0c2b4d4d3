#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API against its own description: requests that schemathesis makes from /openapi.json, right ones and wrong ones.

A camera with a test picture and a store that records it run meanwhile; who asks is an admin. Reports, and fails for: a
server error, an answer that the description has not, a daemon that ended, a recording that did not go on. An answer of 503
is right where it is a problem document that says what to do.

Needs schemathesis, which is taken from PyPI into .build/schemathesis at first use.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

PASSWORD = "correct-horse-battery"
WANTED = "schemathesis==4.32.5"
ENVIRONMENT = pathlib.Path(__file__).resolve().parents[2] / ".build" / "schemathesis"
CHECKS = "no_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# What never ends, and what would end the session that asks.
ENDLESS_OR_ENDING = [
    ("/events", "get"), ("/cameras/{camera}/live.mp4", "get"), ("/session", "delete"), ("/sessions", "delete"),
    ("/sessions/{id}", "delete"),
]
HOOKS = '''
import schemathesis

@schemathesis.check
def no_server_error(ctx, response, case):
    if response.status_code == 503:
        assert response.headers["content-type"][0] == "application/problem+json", "503 without words"
        assert len(response.json()["detail"]) > 10, "503 without words"
    else:
        assert response.status_code < 500, f"server error {response.status_code}"

@schemathesis.serializer("application/sdp")
def offer(ctx, value):
    return value if isinstance(value, bytes) else str(value).encode()

@schemathesis.hook
def filter_case(ctx, case):
    # Who asks stays who it is, and logged in.
    if case.method.upper() == "DELETE" and case.operation.path in ("/session", "/sessions"):
        return False
    return str((case.path_parameters or {}).get("name", "")) != "anna"
'''


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--martlet", required=True, type=os.path.abspath, help="the build's command")
    parser.add_argument("--examples", type=int, default=100, help="at most so many of each kind for each operation")
    parser.add_argument("--port", type=int, default=18591, help="the first of three")
    parser.add_argument("--seed", type=int, default=None, help="the same requests again")
    return parser.parse_args()


def tool():
    program = ENVIRONMENT / "bin" / "schemathesis"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        pip = [ENVIRONMENT / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
        subprocess.run([*pip, WANTED], check=True)
    return program


def configure(folder, port):
    (folder / "camera.toml").write_text(
        f'[camera]\nname = "door"\nsource = "test"\nwidth = 320\nheight = 240\nbitrate = "1 Mbit/s"\n'
        f'[camera.recording]\nenabled = false\n[camera.rtsp]\nlisten = "127.0.0.1:{port}"\ntls-listen = "none"\n'
        f'[camera.web]\nlisten = "none"\ntls-listen = "none"\n[access]\ndirectory = "{folder}/access-camera"\n'
    )
    (folder / "store.toml").write_text(
        f'[store.recording]\ndirectory = "{folder}/store"\nchunk-duration = "10 s"\n'
        f'[store.rtsp]\nlisten = "127.0.0.1:{port + 1}"\ntls-listen = "none"\n'
        f'[store.web]\nlisten = "127.0.0.1:{port + 2}"\ntls-listen = "none"\n[access]\ndirectory = "{folder}/access-store"\n'
        f'[cameras.door]\nurl = "rtsp://127.0.0.1:{port}/door"\n'
    )
    (folder / "password").write_text(PASSWORD + "\n")


def wait(what, condition, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit(f"api: {what} did not come true in {seconds} s")


def ask(url, cookie=None, body=None):
    headers = {"Content-Type": "application/json"}
    if cookie:
        headers["Cookie"] = cookie
    request = urllib.request.Request(url, headers=headers, data=json.dumps(body).encode() if body else None)
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.headers, json.loads(response.read())


def main():
    options = arguments()
    program = tool()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="martlet-api-"))
    configure(folder, options.port)
    store_configuration = ["--config", str(folder / "store.toml")]
    subprocess.run(
        [options.martlet, "user", "add", "anna", "--role", "admin", "--password-file", folder / "password"] + store_configuration,
        check=True,
    )
    processes = {}
    for role in ("camera", "store"):
        log = open(folder / f"{role}.log", "w")
        processes[role] = subprocess.Popen(
            [options.martlet, role, "--config", folder / f"{role}.toml"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    base = f"http://127.0.0.1:{options.port + 2}/api/v1"
    try:
        wait("a finished chunk", lambda: "is complete" in (folder / "store.log").read_text())
        headers, _ = ask(f"{base}/session", body={"username": "anna", "password": PASSWORD})
        cookie = headers["Set-Cookie"].split(";")[0]
        before = ask(f"{base}/status", cookie)[1]
        _, description = ask(f"{base}/openapi.json", cookie)
        # Parameters that lead somewhere: else hardly a request would find what it asks for.
        chunks = ask(f"{base}/cameras/door/chunks", cookie)[1]["chunks"]
        now = time.time()
        times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + offset)) for offset in (-3600, -20, -15, -12, -8, -2, 3600)]
        for path, method in ENDLESS_OR_ENDING:
            del description["paths"][path][method]
        for path, operations in description["paths"].items():
            for operation in operations.values():
                for parameter in operation["parameters"]:
                    if parameter["schema"].get("format") == "date-time":
                        parameter["schema"] = {"anyOf": [{"enum": times}, parameter["schema"]]}
                    if parameter["in"] == "path" and parameter["name"] == "camera":
                        parameter["schema"] = {"anyOf": [{"enum": ["door"]}, {"type": "string"}]}
                    if parameter["in"] == "query" and parameter["name"] == "camera":
                        parameter["schema"]["items"] = {"anyOf": [{"enum": ["door"]}, {"type": "string"}]}
                    if parameter["in"] == "path" and parameter["name"] == "id" and path.startswith("/chunks"):
                        parameter["schema"] = {"anyOf": [{"enum": [str(each["id"]) for each in chunks]}, {"type": "string"}]}
        (folder / "openapi.json").write_text(json.dumps(description))
        (folder / "hooks.py").write_text(HOOKS)
        command = [
            program, "run", folder / "openapi.json", "--url", base, "--header", f"Cookie: {cookie}", "--checks", CHECKS,
            "--phases", "examples,coverage,fuzzing", "--mode", "all", "--max-examples", str(options.examples), "--workers", "1",
            "--request-timeout", "30", "--continue-on-failure", "--no-color",
            "--suppress-health-check", "all",
        ]
        if options.seed is not None:
            command += ["--seed", str(options.seed)]
        environment = dict(os.environ, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(folder))
        tried = subprocess.run([str(word) for word in command], cwd=folder, env=environment)
        failures = [] if tried.returncode == 0 else ["schemathesis found something"]
        for role, process in processes.items():
            if process.poll() is not None:
                failures.append(f"the {role} ended with {process.returncode}")
        if not failures:
            after = ask(f"{base}/status", cookie)[1]
            camera_before, camera_after = before["cameras"][0], after["cameras"][0]
            if camera_after["faults"] != camera_before["faults"] or camera_after["state"] != "running":
                failures.append("the recording was disturbed")
            print(f"frames meanwhile: {camera_after['frames'] - camera_before['frames']}, faults: {camera_after['faults']}")
            print(f"memory: {before['resources']['memory'] >> 20} -> {after['resources']['memory'] >> 20} MB, "
                  f"descriptors: {before['resources']['descriptors']} -> {after['resources']['descriptors']}")
        log = (folder / "store.log").read_text()
        failures += [line for line in log.splitlines() if "CRITICAL" in line or "assertion" in line][:10]
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(20)
    for failure in failures:
        print(f"FAILED: {failure}")
    if failures:
        print(f"what was said is in {folder}")
        sys.exit(1)
    shutil.rmtree(folder)


main()
