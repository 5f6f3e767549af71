"""A terminal in which the shell blocks of documents are typed, and questions are answered."""

import re
from pathlib import Path

import pexpect

from tests.documents import Block

SECONDS = 600

# A user's answers, by the end of the question.
ANSWERS = {
    r"[Ee]mail address: ": "ada@example.org",
    # Cookiecutter's questions, each with its default; a long one is wrapped.
    r"\[\d+/\d+\] .*?\):\s": "",
    r"Choose from [^\n]*: ": "",
    r"Password: ": "correct horse battery staple",
    r"Password \(again\): ": "correct horse battery staple",
}


def perform(block: Block, folder: Path, variables: dict[str, str], prefix: tuple[str, ...] = ()) -> str:
    """Type a block in a terminal, in the folder, and answer what is asked; return what was printed.

    Fails if a command of it fails.
    """
    *words, last = [*prefix, "bash", "-e", "-c", block.text]
    with pexpect.spawn(words[0], [*words[1:], last], cwd=folder, env=variables, encoding="utf-8") as terminal:
        terminal.delaybeforesend = None
        output = answer(terminal, block.until)
    # 130: ended by Ctrl-C.
    code = terminal.exitstatus if terminal.exitstatus is not None else 128 + terminal.signalstatus
    assert code in ({0, 130} if block.until else {0}), f"{block.text}ended with {code}:\n{output}"
    return output


def answer(terminal: pexpect.spawn, until: str) -> str:
    """Answer questions until the program ends, which Ctrl-C makes it where it says `until`."""
    output = ""
    questions = [*ANSWERS, re.escape(until) or "(?!)", pexpect.EOF]
    while True:
        try:
            found = terminal.expect(questions, timeout=SECONDS)
        except pexpect.TIMEOUT:
            raise AssertionError(f"nothing new in {SECONDS} s:\n{output}{terminal.before}") from None
        output += terminal.before
        if questions[found] is pexpect.EOF:
            terminal.wait()
            return output
        output += terminal.after
        if found < len(ANSWERS):
            terminal.sendline(list(ANSWERS.values())[found])
        else:
            terminal.sendintr()
