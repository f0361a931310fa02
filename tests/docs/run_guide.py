"""Does what a guide tells its reader to type, in order, as a new user would: in a folder that is a fresh
checkout with a finished build and nothing else. guide.py says how a guide marks what is not run.

    run_guide.py GUIDE --source DIR --programs DIR [--full]

Prints what was run and what was not, with the reason. Exit code 1 where a command fails or prints something
else than the guide shows.
"""

import argparse
import functools
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import guide

# What a checkout has that a reader uses: everything but the sources.
CHECKOUT = ("profiles", "launch", "slurm", "packaging", "docs", "setup", "README.md", "CMakePresets.json")
PROGRAMS = ("sextant", "gather_profs", "profile_model", "sextant_profile_rank", "nccl_bench", "run_plan")
LIMIT_S = 300  # of one command


class Shell:
    """One bash that runs command after command, as a terminal does: what one exports the next one has."""

    def __init__(self, folder, logs, environment):
        self.logs = logs
        self.bash = subprocess.Popen(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, cwd=folder, env=environment, text=True,
                                     start_new_session=True)

    def run(self, command):
        """(exit code, stdout, stderr); the exit code is None where the time was up."""
        script, out, err = (self.logs / name for name in ("command", "out", "err"))
        script.write_text(command)
        self.bash.stdin.write(f'. "{script}" > "{out}" 2> "{err}" < /dev/null; echo $?\n')
        self.bash.stdin.flush()
        ready, _, _ = select.select([self.bash.stdout], [], [], LIMIT_S)
        code = self.bash.stdout.readline().strip() if ready else ""
        return int(code) if code else None, out.read_text(), err.read_text()

    def end(self):
        try:
            os.killpg(self.bash.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.bash.wait()


class Run:
    def __init__(self, arguments, folder):
        self.source = arguments.source.resolve()
        self.programs = arguments.programs.resolve()
        self.full = arguments.full
        self.built = [name for name in PROGRAMS if (self.programs / name).exists()]
        self.folder = folder
        data = os.environ.get("SEXTANT_DATA") or self.source / "../shared/data"
        self.data = pathlib.Path(data).resolve()
        self.failures = 0

    def check_out(self):
        for name in CHECKOUT:
            if (self.source / name).is_dir():
                shutil.copytree(self.source / name, self.folder / name, symlinks=True)
            elif (self.source / name).exists():
                shutil.copy2(self.source / name, self.folder / name)
        for preset in ("cpu", "full") if self.full else ("cpu",):
            built = self.folder / "build" / preset / "bin"
            built.mkdir(parents=True)
            for name in self.built:
                shutil.copy2(self.programs / name, built / name)
            libraries = self.programs / "../lib"  # where programs look for them, beside their own folder
            if libraries.is_dir():
                shutil.copytree(libraries, built / "../lib", ignore=shutil.ignore_patterns("*.a"))

    def environment(self):
        preset = "full" if self.full else "cpu"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SEXTANT_")}
        kept["SEXTANT_DATA"] = str(self.data)  # which the scripts of the papers' guides read
        if self.guide.name != "README.md":  # which says itself what to add to PATH
            kept["PATH"] = f"{self.folder}/build/{preset}/bin:{kept['PATH']}"
        return kept

    def fail(self, line, message):
        print(f"{self.guide}:{line}: FAILED: {message}")
        self.failures += 1

    def skipped(self, block):
        """Why a block is not run; empty where it is."""
        if block.not_run:
            return block.not_run
        if block.artifact and not (self.data / block.artifact).is_dir():
            if os.environ.get("SEXTANT_REQUIRE_DATA") == "1":
                self.fail(block.line, f"{self.data / block.artifact} is not there")
            return f"needs the artifact's data, {self.data / block.artifact}"
        if "full" in block.needs and not self.full:
            return "needs the programs of preset full"
        if "slurm" in block.needs and not (shutil.which("slurmctld") and shutil.which("slurmd")):
            return "needs Slurm's daemons"
        return ""

    def prepare(self, block):
        if block.artifact:
            link = self.folder / "DIR"
            link.unlink(missing_ok=True)
            link.symlink_to(self.data / block.artifact)
        for name, path in block.given.items():
            from_artifact = path.startswith("DIR/")
            given = self.folder / path if from_artifact else self.source / path
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if given.is_dir():
                shutil.copytree(given, target, dirs_exist_ok=True)
            else:
                shutil.copyfile(given, target)

    def check_build(self, command, line):
        """What is left to run of a command that may begin with set-up and build."""
        rest, presets = guide.without_build(command)
        known = [each["name"] for each in json.loads((self.source / "CMakePresets.json").read_text())
                 ["configurePresets"]]
        for preset in presets:
            if preset not in known:
                self.fail(line, f"no preset '{preset}'")
        return rest

    def run_block(self, shell, block):
        self.prepare(block)
        listed = guide.commands(block.text)
        for index, command in enumerate(listed):
            last = index == len(listed) - 1
            to_run = self.check_build(command, block.line) if "build" in block.needs else command
            if not to_run.strip():
                continue
            if guide.without_build(to_run)[0] != to_run.strip():  # it would install packages
                self.fail(block.line, "a set-up or build without the marker `needs: build`")
                return True
            started = time.monotonic()
            code, out, err = shell.run(to_run)
            print(f"  {time.monotonic() - started:5.1f} s  {command.strip().splitlines()[0]}", flush=True)
            expected = block.exit_code if last else 0
            if code != expected:
                found = f"not done after {LIMIT_S} s" if code is None else f"exit code {code}"
                self.fail(block.line, f"{found}, expected exit code {expected}\n{command}{out}{err}")
                return code is not None
            if last and block.shown is not None:
                printed = out + err if expected else out
                missed = guide.mismatch(block.shown, printed)
                if missed:
                    self.fail(block.shown_line,
                              f"the guide shows:\n{missed}\nwhich is not what is printed:\n{printed}")
        return True

    def help_of(self, words):
        """What --help of the innermost subcommand in `words` prints; None where there is no such one."""
        asked = [words[0]]
        for word in [*words[1:3], "--help"]:
            text = self.asked_help(tuple(asked))
            if text is None or "\nSubcommands:" not in text or word.startswith("-"):
                return text
            asked.append(word)
        return self.asked_help(tuple(asked))

    @functools.lru_cache(maxsize=None)
    def asked_help(self, asked):
        if not (self.programs / asked[0]).exists():
            return None
        result = subprocess.run([self.programs / asked[0], *asked[1:], "--help"], capture_output=True, text=True)
        return result.stdout if result.returncode == 0 else None

    def check_options(self, words, line):
        """What is not run, or stands in running text, at least names subcommands and options that exist."""
        text = self.help_of(words)
        if text is None:
            self.fail(line, f"no such command: {' '.join(words)}")
            return
        for option in re.findall(r"--[a-z][a-z-]*", " ".join(words)):
            if not re.search(rf"(^|[\s,]){option}[\s,]", text):
                self.fail(line, f"{' '.join(words)}\n{option} is not in its --help")

    def check_links(self, text):
        for target in guide.links(text):
            if not (self.source / self.guide.parent / target).exists():
                self.fail(0, f"a link leads to {target}, which is not there")

    def run(self, path):
        self.guide = path.relative_to(self.source)
        text = path.read_text()
        blocks = guide.read_guide(text)
        self.check_links(text)
        for words in guide.named_commands(text):
            self.check_options(words, 0)
        self.check_out()
        logs = self.folder.parent / "logs"
        logs.mkdir()
        shell = Shell(self.folder, logs, self.environment())
        ran = 0
        try:
            for block in blocks:
                reason = self.skipped(block)
                test = self.source / reason.removeprefix("tested by ")
                if reason.startswith("tested by ") and not test.exists():
                    self.fail(block.line, f"no test {test}")
                print(f"{self.guide}:{block.line}: {'skipped: ' + reason if reason else 'run'}", flush=True)
                if reason:
                    for command in guide.commands(block.text):
                        for words in guide.programs_of(command, self.built):
                            self.check_options(words, block.line)
                    continue
                ran += 1
                if not self.run_block(shell, block):
                    break
        finally:
            shell.end()
        print(f"{self.guide}: {ran} of {len(blocks)} blocks run, {self.failures} failures")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("guide", type=pathlib.Path)
    parser.add_argument("--source", type=pathlib.Path, required=True, help="the repository")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="where the programs were built")
    parser.add_argument("--full", action="store_true", help="LibTorch's programs are among them")
    arguments = parser.parse_args()
    # Its path has nothing of the sources', so that programs find what the checkout holds and no more.
    with tempfile.TemporaryDirectory(prefix="sextant-guide-", ignore_cleanup_errors=True) as place:
        folder = pathlib.Path(place) / "sextant"
        folder.mkdir()
        run = Run(arguments, folder)
        try:
            run.run(arguments.guide.resolve())
        except guide.GuideError as error:
            print(f"{arguments.guide}: {error}")
            return 1
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
