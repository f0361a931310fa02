"""How guides are read (guide.py), and what of them can be checked without running anything."""

import os
import pathlib
import re
import unittest

import guide

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def block(text):
    (only,) = guide.read_guide(text)
    return only


class Blocks(unittest.TestCase):
    def test_markers_belong_to_the_block_after_them(self):
        read = block("Do:\n\n<!-- needs: full -->\n<!-- given: a.json = profiles/b.json -->\n<!-- exits: 4 -->\n"
                     "```sh\nsextant a\n```\n")
        self.assertEqual((read.line, read.needs, read.given, read.exit_code, read.text),
                         (6, ["full"], {"a.json": "profiles/b.json"}, 4, "sextant a\n"))

    def test_text_is_what_the_command_before_it_prints(self):
        read = block("```sh\na\n```\n\nends like this:\n\n```text\n…\nend\n```\n\n```\nfree\n```\n")
        self.assertEqual((read.shown, read.shown_line), ("…\nend\n", 7))

    def test_reads_reasons(self):
        self.assertEqual(block("<!-- not run: needs a GPU -->\n```sh\na\n```\n").not_run, "needs a GPU")
        self.assertEqual(block("<!-- needs: artifact libra -->\n```sh\na\n```\n").artifact, "libra")

    def test_refuses_what_it_does_not_know(self):
        for wrong, says in (
            ("<!-- not run: no time -->\n```sh\na\n```\n", "line 1: unknown marker 'not run: no time'"),
            ("<!-- needs: artifact none -->\n```sh\na\n```\n", "unknown marker"),
            ("<!-- not run: needs a GPU -->\n\ntext\n```sh\na\n```\n", "line 1: no ```sh block follows"),
            ("<!-- exits: 3 -->\n```text\na\n```\n", "line 1: no ```sh block follows"),
            ("<!-- exits: 3 -->\n", "line 1: no ```sh block follows"),
            ("```text\na\n```\n", "line 1: no command prints"),
            ("```sh\na\n", "line 1: this fence is never closed"),
        ):
            with self.subTest(wrong), self.assertRaisesRegex(guide.GuideError, says):
                guide.read_guide(wrong)

    def test_commands_are_lines_that_go_on(self):
        self.assertEqual(guide.commands("a \\\n  b\n# why\n\ncat > f <<'EOF'\nx\nEOF\nc  # d\n"),
                         ["a \\\n  b\n", "cat > f <<'EOF'\nx\nEOF\n", "c  # d\n"])

    def test_build_is_taken_off(self):
        self.assertEqual(guide.without_build("./setup && cmake --preset cpu && cmake --build --preset full && a && b"),
                         ("a && b", ["cpu", "full"]))
        self.assertEqual(guide.without_build("./setup && ctest --preset cpu"), ("", ["cpu"]))


    def test_finds_the_programs_in_a_command(self):
        self.assertEqual(guide.programs_of("torchrun --a \\\n run_plan --b 1 # --c\n./setup && x/bin/sextant plan | less",
                                           ["sextant", "run_plan"]),
                         [["run_plan", "--b", "1"], ["sextant", "plan"]])
        self.assertEqual(guide.named_commands("a `sextant plan\n--b` c `d`\n```sh\nsextant e\n```\n`sextant f`"),
                         [["sextant", "plan", "--b"], ["sextant", "f"]])


class Mismatch(unittest.TestCase):
    def test_equal_but_for_the_ends_of_lines(self):
        self.assertEqual(guide.mismatch("a\n\nb\n", "\na  \n\nb\n"), "")

    def test_dots_stand_for_text_and_for_lines(self):
        self.assertEqual(guide.mismatch("a … c\n…\nend\n", "a 3.4 c\nx\nend\ny\nend\n"), "")
        self.assertEqual(guide.mismatch("…\nend", "end\n"), "")

    def test_says_what_is_not_there(self):
        self.assertEqual(guide.mismatch("a\nb c\n", "a\nb  c\n"), "b c")
        self.assertEqual(guide.mismatch("…\nend…\nmore", "end.\n"), "more")
        self.assertEqual(guide.mismatch("a.c\n", "abc\n"), "a.c")
        self.assertEqual(guide.mismatch("a\n", "a\nb\n"), "(the output goes on after the last shown line)")


class Documents(unittest.TestCase):
    def test_every_schema_is_named_in_the_guide_to_documents(self):
        named = set()
        for line in (SOURCE / "docs/documents.md").read_text().splitlines():
            if line.startswith("| `"):
                named.update(re.findall(r"`(\w+)`", line.split("|")[1]))
        kinds = {path.stem for path in (SOURCE / "profiles/schema").glob("*.json")}
        self.assertEqual(kinds - named, set())

    def test_every_guide_is_named_in_the_readme(self):
        readme = (SOURCE / "README.md").read_text()
        for path in sorted((SOURCE / "docs").glob("*.md")):
            self.assertIn(f"(docs/{path.name})", readme)


if __name__ == "__main__":
    unittest.main()
