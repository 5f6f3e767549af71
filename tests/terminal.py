"""Run the shell blocks of documents in a terminal, and answer their prompts."""

import re
from pathlib import Path

import pexpect

from tests.documents import Block

SECONDS = 600

# Answers to prompts, by the pattern at the prompt's end.
ANSWERS = {
    r"[Ee]mail address: ": "ada@example.org",
    # Cookiecutter's questions: accept the default; a long one is wrapped.
    r"\[\d+/\d+\] .*?\):\s": "",
    r"Choose from [^\n]*: ": "",
    r"Password: ": "correct horse battery staple",
    r"Password \(again\): ": "correct horse battery staple",
}


def run_block(block: Block, folder: Path, variables: dict[str, str], prefix: tuple[str, ...] = ()) -> str:
    """Run a block in a terminal in the folder, answer its prompts, and return the output.

    Fails if a command fails.
    """
    *words, last = [*prefix, "bash", "-e", "-c", block.text]
    with pexpect.spawn(words[0], [*words[1:], last], cwd=folder, env=variables, encoding="utf-8") as terminal:
        terminal.delaybeforesend = None
        output = answer_prompts(terminal, block.until)
    # 130: interrupted by Ctrl-C.
    code = terminal.exitstatus if terminal.exitstatus is not None else 128 + terminal.signalstatus
    assert code in ({0, 130} if block.until else {0}), f"{block.text}ended with {code}:\n{output}"
    return output


def answer_prompts(terminal: pexpect.spawn, until: str) -> str:
    """Answer prompts until the program ends; type Ctrl-C when it prints `until`."""
    output = ""
    patterns = [*ANSWERS, re.escape(until) or "(?!)", pexpect.EOF]
    while True:
        try:
            index = terminal.expect(patterns, timeout=SECONDS)
        except pexpect.TIMEOUT:
            raise AssertionError(f"no output for {SECONDS} s:\n{output}{terminal.before}") from None
        output += terminal.before
        if patterns[index] is pexpect.EOF:
            terminal.wait()
            return output
        output += terminal.after
        if index < len(ANSWERS):
            terminal.sendline(list(ANSWERS.values())[index])
        else:
            terminal.sendintr()
