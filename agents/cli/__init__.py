"""The ``air-envs`` command. Each subcommand imports what it needs when it runs."""

from __future__ import annotations

import importlib
import os
import sys

from agents.cli.output import make_bars_brief, make_output_degrade
from agents.config.extras import missing
from agents.config.messages import one_line

_COMMANDS = {
    "data": "build, import, export, inspect and verify HDF5 datasets",
    "models": "list the shipped models: what they play and how well",
    "train": "train AIR on a dataset",
    "train-rl": "train an agent by reinforcement or imitation",
    "eval": "measure a trained model on a dataset",
    "solve": "answer your own puzzles with a trained model, and judge the answers by the rules",
    "warmup": "compile the rules and generators now, so that no first reset waits for it",
    "play": "play Sudoku or mazes, with keys and mouse",
    "watch": "watch a trained model think, in a window or as a GIF",
    "analyze": "decode, freeze and compare attention: the paper's analyses of a trained model",
    "report": "write one HTML page of a model or of an experiment, to pass on",
    "ablate": "train a family of variants with several seeds and compare them",
    "pack": "turn a finished run into a small folder to give away",
    "import-checkpoint": "turn a published model of HRM, TRM or AIR into one of ours",
    "export-checkpoint": "write one of our models in their layout",
    "web": "write a static site in which models solve puzzles in the browser",
    "export-onnx": "write a model as ONNX graphs, which run without torch",
}


def main(args: list[str] | None = None) -> None:
    """Run ``air-envs COMMAND ...``. Bad input ends it with one line on stderr and exit code 2."""
    make_output_degrade()
    make_bars_brief()
    try:
        try:
            _run(sys.argv[1:] if args is None else args)
        finally:
            sys.stdout.flush()
    except OSError as error:
        # What Python writes at exit must go nowhere, or it fails again (see the documentation of signal, SIGPIPE).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader of the output, such as head, has ended
            sys.exit(1)
        if isinstance(error.__context__, SystemExit) and error.__context__.code:  # it has been reported already
            raise error.__context__ from None
        _fail(f"standard output: {error.strerror}")


def _run(args: list[str]) -> None:
    if not args or args[0] in ("-h", "--help"):
        print(_usage())
        return
    if args[0] not in _COMMANDS:
        _fail(f"no command {args[0]!r}, expected one of {', '.join(_COMMANDS)}")
    try:
        importlib.import_module(f"agents.cli.{args[0].replace('-', '_')}").main(args[1:])
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is None:
            print(flush=True)  # raises again where it was standard output that takes no more
        _fail(_refused(error))
    except ModuleNotFoundError as error:
        line = missing(error.name or "")
        if line is None:
            raise
        _fail(line)
    except (ValueError, ArithmeticError) as error:
        _fail(str(error))
    except RuntimeError as error:
        if type(error).__module__.partition(".")[0] != "pygame":
            raise
        _fail(f"no window: {error}")  # no display, or none of that size
    except KeyboardInterrupt:
        sys.exit(130)


def _refused(error: OSError) -> str:
    """Say what the system refuses; of a run or dataset that is not there, also which command makes it."""
    if not error.filename or not error.strerror:
        return str(error)
    line, hint = f"{error.filename}: {error.strerror}", None
    if isinstance(error, FileNotFoundError):
        from agents.cli.names import suggestion

        hint = suggestion(str(error.filename))
    return f"{line}; {hint}" if hint else line


def _usage() -> str:
    rows = "\n".join(f"  {name:17} {what}" for name, what in _COMMANDS.items())
    return f"usage: air-envs COMMAND ...\n\n{rows}\n\nair-envs COMMAND --help describes its flags."


def _fail(message: str) -> None:
    print(f"air-envs: error: {one_line(message)}", file=sys.stderr)
    sys.exit(2)
