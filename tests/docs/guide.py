"""Guides in Markdown, as the test of their commands reads them.

A block fenced as ```sh holds commands, one fenced as ```text what the last command of the ```sh block
before it prints. Fences of any other kind are for the reader alone. Comments right before a ```sh block
say what the reader knows from the text around it:

    <!-- not run: REASON -->         REASON is one of REASONS, or `tested by PATH`, a test that runs it
    <!-- needs: build -->            a line may begin with the set-up and the build, which are taken as done
    <!-- needs: full -->             run where the build has LibTorch's programs
    <!-- needs: slurm -->            run where slurmctld and slurmd are
    <!-- needs: artifact NAME -->    run where SEXTANT_DATA is; its folder NAME is there as DIR
    <!-- given: NAME = PATH -->      the reader's own file or folder NAME; the test takes PATH of the
                                     repository, DIR/PATH of the artifact
    <!-- exits: N -->                the last command ends with this exit code, and says why on stderr
"""

import dataclasses
import re

REASONS = (
    "an outline",
    "needs a GPU",
    "needs a site with Slurm",
    "needs several machines",
    "takes minutes",
)
NEEDS = ("build", "full", "slurm")
ARTIFACTS = ("sailor", "helix", "libra")

COMMENT = re.compile(r"<!--\s*(.*?)\s*-->$")
FENCE = re.compile(r"```(\S*)\s*$")


class GuideError(Exception):
    """A guide that is not written as above; the message has its line."""


@dataclasses.dataclass
class Block:
    """One ```sh block with the ```text block that follows it."""

    line: int  # of the fence
    text: str
    not_run: str = ""
    needs: list = dataclasses.field(default_factory=list)
    artifact: str = ""
    given: dict = dataclasses.field(default_factory=dict)
    exit_code: int = 0
    shown: str | None = None  # what the last command is said to print
    shown_line: int = 0


def mark(block, words, line):
    """Puts what one comment says into `block`; raises GuideError where it is none of the known ones."""
    key, _, value = (part.strip() for part in words.partition(":"))
    if key == "not run" and (value in REASONS or value.startswith("tested by ")):
        block.not_run = value
    elif key == "needs" and value in NEEDS:
        block.needs.append(value)
    elif key == "needs" and value.removeprefix("artifact ") in ARTIFACTS:
        block.artifact = value.removeprefix("artifact ")
    elif key == "given" and re.fullmatch(r"\S+ = \S+", value):
        name, _, path = value.partition(" = ")
        block.given[name] = path
    elif key == "exits" and value.isdigit():
        block.exit_code = int(value)
    else:
        raise GuideError(f"line {line}: unknown marker '{words}'")


def read_guide(text):
    """The ```sh blocks of a guide, in order. Raises GuideError on a marker that is unknown or that no
    ```sh block follows, on a ```text block without a command before it, and on an open fence."""
    blocks, comments = [], []
    fence, kind, lines = 0, "", []
    for number, line in enumerate(text.splitlines(), 1):
        opened = FENCE.match(line)
        if fence:
            if not opened:
                lines.append(line)
                continue
            body = "".join(each + "\n" for each in lines)
            if kind == "sh":
                blocks.append(Block(fence, body))
                for where, words in comments:
                    mark(blocks[-1], words, where)
                comments = []
            elif kind == "text":
                if not blocks or blocks[-1].shown is not None:
                    raise GuideError(f"line {fence}: no command prints this text")
                blocks[-1].shown, blocks[-1].shown_line = body, fence
            fence = 0
            continue
        comment = COMMENT.match(line)
        if comment:
            comments.append((number, comment[1]))
        elif opened:
            fence, kind, lines = number, opened[1], []
            if comments and kind != "sh":
                raise GuideError(f"line {comments[0][0]}: no ```sh block follows this marker")
        elif line.strip() and comments:
            raise GuideError(f"line {comments[0][0]}: no ```sh block follows this marker")
    if fence:
        raise GuideError(f"line {fence}: this fence is never closed")
    if comments:
        raise GuideError(f"line {comments[0][0]}: no ```sh block follows this marker")
    return blocks


def commands(text):
    """The commands of a ```sh block: its lines, with those joined that a backslash or a here-document
    continues. Lines that only comment are left out."""
    found, pending, end = [], "", None
    for line in text.splitlines():
        pending += line + "\n"
        if end is not None:
            if line != end:
                continue
            end = None
        elif line.endswith("\\"):
            continue
        else:
            here = re.search(r"<<-?\s*(['\"]?)(\w+)\1", line)
            if here:
                end = here[2]
                continue
        if pending.strip() and not pending.lstrip().startswith("#"):
            found.append(pending)
        pending = ""
    return found + ([pending] if pending.strip() else [])


def without_build(command):
    """The command without the set-up and the build before it, and the presets that these name."""
    parts = [part.strip() for part in command.split("&&")]
    presets = []
    while parts and re.match(r"(\./setup|cmake|ctest)\b", parts[0]):
        presets += re.findall(r"--preset (\S+)", parts.pop(0))
    return " && ".join(parts), presets


def named_commands(text):
    """Command lines of `sextant` and `gather_profs` in the guide's running text, as lists of words."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [span.split() for span in re.findall(r"`((?:sextant|gather_profs) [^`]+)`", prose.replace("\n", " "))]


def programs_of(command, programs):
    """The command lines in `command` that start one of `programs`, as lists of words, the program's first."""
    found = []
    for part in re.split(r"&&|\|(?!\w)|;", command):
        words = part.replace("\\\n", " ").split(" #")[0].split()
        for index, word in enumerate(words):
            if word.rsplit("/", 1)[-1] in programs:
                found.append([word.rsplit("/", 1)[-1], *words[index + 1:]])
                break
    return found


def links(text):
    """Targets of the guide's links and pictures that are files of the repository."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    return [target for target in targets if "://" not in target]


def mismatch(shown, printed):
    """Empty where `printed` is what `shown` says, else the first shown line that is not there. In a line
    `…` stands for any text, alone on a line for any number of lines. White space at ends does not count."""
    real = [line.rstrip() for line in printed.strip("\n").split("\n")]
    expected = [line.rstrip() for line in shown.strip("\n").split("\n")]

    def matches(pattern, line):
        return re.fullmatch(".*".join(map(re.escape, pattern.split("…"))), line) is not None

    # positions of `real` where the lines so far may end; a set, since `…` leaves a choice
    ends = {0}
    for line in expected:
        if line.strip() == "…":
            ends = set(range(min(ends), len(real) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(real) and matches(line, real[end])}
        if not ends:
            return line
    return "" if len(real) in ends else "(the output goes on after the last shown line)"
