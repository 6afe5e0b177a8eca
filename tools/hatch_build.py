"""An optional step of the build: the modules that every frame goes through, compiled by mypyc (docs/performance.md).

    HATCH_BUILD_HOOKS_ENABLE=1 pip install .

Without the variable the package is pure Python. pyproject.toml names the modules, as `compiled`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPILE = """
import sys
from setuptools import setup
from mypyc.build import mypycify

target, *modules = sys.argv[1:]
mypy = ["--config-file=", "--no-site-packages", "--ignore-missing-imports", "--follow-imports=silent"]
options = {"target_dir": target, "debug_level": "0", "group_name": "ocpp_crosswalk.compiled"}
extensions = mypycify([*mypy, f"--cache-dir={target}/mypy", *modules], **options)
built = [f"--build-lib={target}/built", f"--build-temp={target}/temp"]
setup(name="ocpp-crosswalk", packages=[], ext_modules=extensions, script_args=["-q", "build_ext", *built])
"""
"""Types of other packages count as Any: what is built does not depend on what happens to be installed. What is wrong in
modules that are not compiled does not matter here."""


class Compiled(BuildHookInterface[Any]):
    """Puts an extension module beside each of the modules, which Python then prefers."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # which runs the sources
        self._check_tools()
        self._folder = TemporaryDirectory()
        command = [sys.executable, "-c", _COMPILE, self._folder.name, *self.config["compiled"]]
        done = subprocess.run(command, cwd=Path(self.root, "engine"), capture_output=True, text=True)
        if done.returncode:
            self.app.abort(f"{done.stdout}{done.stderr}\nocpp-crosswalk could not be compiled: see above.")
        built = Path(self._folder.name, "built")
        for file in built.rglob("*.*"):
            build_data["force_include"][str(file)] = file.relative_to(built).as_posix()
        build_data.update(pure_python=False, infer_tag=True)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._folder.cleanup()

    def _check_tools(self) -> None:
        """Say in a line what a compiler would say in a hundred."""
        compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "")[:1]
        if compiler and not shutil.which(compiler[0]):
            self._lacking(f"the C compiler {compiler[0]}", "gcc")
        if not Path(sysconfig.get_path("include"), "Python.h").is_file():
            self._lacking("the header Python.h", "python3-dev")

    def _lacking(self, what: str, package: str) -> None:
        self.app.abort(
            f"ocpp-crosswalk cannot be compiled without {what}: not found. On Debian: apt-get install {package}. "
            "Without HATCH_BUILD_HOOKS_ENABLE the package is pure Python, and needs no compiler."
        )
