"""The root command, the options that several commands share, and how errors become exit codes."""

from __future__ import annotations

import logging
import os
import sys

import click

from procqa import __version__
from procqa.cli import ask as ask_commands
from procqa.cli import doctor as doctor_commands
from procqa.cli import evaluate as evaluate_commands
from procqa.cli import feedback as feedback_commands
from procqa.cli import index as index_commands
from procqa.cli import keys as keys_commands
from procqa.cli import mcp as mcp_commands
from procqa.cli import questions as questions_commands
from procqa.cli import serve as serve_commands
from procqa.cli import train as train_commands
from procqa.errors import ProcqaError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="procqa")
@click.option("-v", "--verbose", is_flag=True, help="Log what happens on standard error.")
def procqa(verbose: bool) -> None:
    """Verbatim, cited answers from pages about medical procedures, or an honest "not in these pages".

    Settings may also be given in the environment: PROCQA_INDEX, PROCQA_CORPUS, PROCQA_MODEL, PROCQA_PASSAGE_TOKENS,
    PROCQA_THREADS, PROCQA_KEEP, PROCQA_HOST, PROCQA_PORT, and those of a service, which the README lists.
    """
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


procqa.add_command(index_commands.index)
procqa.add_command(ask_commands.ask)
procqa.add_command(ask_commands.search)
procqa.add_command(serve_commands.serve)
procqa.add_command(mcp_commands.mcp)
procqa.add_command(keys_commands.keys)
procqa.add_command(questions_commands.questions)
procqa.add_command(feedback_commands.feedback)
procqa.add_command(evaluate_commands.evaluation)
procqa.add_command(train_commands.train)
procqa.add_command(doctor_commands.doctor)


def main() -> None:
    """Run the command line; exit codes are 0 done, 1 the job found a problem, 2 wrong usage or a ProcqaError."""
    try:
        procqa()
    except ProcqaError as error:
        click.echo(f"procqa: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output went away (`| head`); nothing is left to say, nor anyone to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
