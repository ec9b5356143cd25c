"""The templates in other people's tools: `sam validate --lint`, and `osls package` and `deploy`.

osls deploys the printed serverless.yml, with the bundles beside it, to MiniStack; then a model is
dropped, and dev's URL answers. Run: make cloud. It needs npm and a Python 3.13.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from understudy.deploy.aws import account

sys.path.insert(0, str(Path(__file__).parents[1]))
from deploy.cloud import ACCOUNT, REGION, missing, running
from deploy.test_journey import FASHION, MODEL, Journey, until

OSLS = Path(__file__).parent / "osls"
VARIANTS = ((), ("--public", "--snapstart"), ("--stage", "prod"))


def main() -> int:
    """Run all, and say what was run; 1 if something could not be."""
    folder, sam = Path(sys.argv[1]), Path(sys.argv[2])
    why = missing() or (None if shutil.which("npm") else "npm is not installed")
    if why is not None or not sam.is_file():
        print(f"not run: {why or 'the AWS SAM command line is not here'}")
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    validate(sam, folder)
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as cloud:
        for variable, value in cloud.environment.items():
            os.environ[variable] = value
        deploy(folder)
        journey = Journey(cloud, account(REGION), Path(name))
        journey.bucket = f"understudy-{MODEL}-{ACCOUNT}-{REGION}"
        urls = re.findall(r"(dev|prod): (https://\S+)", osls("info"))
        dev = dict(urls)["dev"]
        journey.drop(FASHION / "first")
        until(lambda: journey.ask(dev)[0] == 200)
        print(f"osls deployed; dev answers {journey.ask(dev)[1]['predictions'][0]}")
    return 0


def validate(sam: Path, folder: Path) -> None:
    """Let SAM look at the templates."""
    for options in VARIANTS:
        path = folder / "template.yml"
        path.write_text(understudy("template", MODEL, *options))
        run([str(sam), "validate", "--lint", "--template", str(path), "--region", REGION])
        print(f"sam validate --lint: {' '.join(options) or 'as it is'}: valid", flush=True)


def deploy(folder: Path) -> None:
    """Bring the serverless.yml and what belongs to it into one folder, and deploy it."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(OSLS / name, folder)
    run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    (folder / "serverless.yml").write_text(understudy("template", MODEL, "--format", "serverless"))
    understudy("build", "-o", str(folder / "understudy-serving.zip"))
    understudy("build", "--function", "admission", "-o", str(folder / "understudy-admission.zip"))
    osls("package")
    print("osls package: packaged", flush=True)
    osls("deploy")


def osls(command: str) -> str:
    """Run osls in the folder."""
    return run(["npx", "--no-install", "osls", command], Path(sys.argv[1]))


def understudy(*arguments: str) -> str:
    """Run our own command line."""
    return run([str(Path(sys.executable).with_name("understudy")), *arguments])


def run(command: list[str], folder: Path | None = None) -> str:
    """Run a program; what it printed. Its errors end this."""
    quiet = {"SAM_CLI_TELEMETRY": "0", "SLS_TELEMETRY_DISABLED": "1"}
    done = subprocess.run(
        command, cwd=folder, env=os.environ | quiet, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr if "osls" in command else done.stdout


if __name__ == "__main__":
    sys.exit(main())
