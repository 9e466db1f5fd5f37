"""The group of all commands, and what becomes of an error: one line on stderr and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from pyswf_fast.cli import changes, demo, look, replay, run, save, start, storage
from pyswf_fast.exceptions import SwfError

__all__ = ["cli", "main"]

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="pyswf-fast", message="%(prog)s %(version)s")
def cli() -> None:
    """Amazon SWF deciders as plain Python functions: services, workers, workflows.

    Where to find SWF is what boto3 and the AWS CLI know: --region, --profile, --endpoint-url, or
    AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_SWF. The domain: --domain or PYSWF_DOMAIN.
    """


for command in (
    run.serve,
    run.worker,
    start.start,
    look.list_executions,
    look.show,
    look.history,
    save.save,
    replay.replay,
    changes.signal,
    changes.cancel,
    changes.terminate,
    storage.storage,
    demo.demo,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `pyswf-fast` and exit: 0 done, 1 it did not work, 2 it was called wrongly."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        cli.main(words, prog_name="pyswf-fast", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "pyswf-fast"
        fail(f"{error.format_message().removesuffix('.')}. See '{path} --help'.", error.exit_code)
    except click.ClickException as error:
        fail(error.format_message(), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        fail("interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Who read our output has gone; flushing the rest of it at exit would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if "--debug" in words or not is_foreseen(error):
            raise
        fail(explain(error), 1)
    sys.exit(0)


def fail(message: str, code: int) -> None:
    """End with one line on stderr."""
    click.echo(f"pyswf-fast: {' '.join(message.split())}", err=True)
    sys.exit(code)


def is_foreseen(error: Exception) -> bool:
    """Whether the message of an error says all there is to say, so that no traceback is needed."""
    return isinstance(error, SwfError | OSError)


def explain(error: Exception) -> str:
    """An error as one line, with the hint that is known for it."""
    text = str(error) or type(error).__name__
    if type(error.__cause__).__name__ == "EndpointConnectionError":
        return f"{text} Is the service running there?"
    return text
