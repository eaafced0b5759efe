"""The command `machi`: collects the commands that each building brings, and knows none of them.

Exit codes: 0 done · 1 a bug · 2 a check failed · 3 wrong usage · 4 not found · 5 exists already · 6 refused for
safety · 7 the town cannot be reached · 8 hardware · 9 no permission · 130 interrupted · 141 the output was closed.
"""

import os
import sys
import traceback
from importlib.metadata import entry_points
from typing import Any

import click

_GROUP = "machitap.commands"
_USAGE, _BUG, _INTERRUPTED, _PIPE, _PERMISSION = 3, 1, 130, 141, 9


class Machi(click.Group):
    """Finds its commands among the installed entry points, and loads only the one that is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(point.name for point in entry_points(group=_GROUP))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        for point in entry_points(group=_GROUP, name=cmd_name):
            command: click.Command = point.load()
            return command
        return None


@click.command(cls=Machi, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="machitap")
def machi() -> None:
    """Run a town on one tap.

    \b
    Examples:
      machi central init /srv/town --id todai --name 灯台町 --name-en Todai
      machi central serve /srv/town
      machi unit run /var/lib/machitap
      machi card read --json

    Results go to standard output, everything else to standard error. Every command takes --json.
    """  # noqa: D301 - click keeps lines as they are behind a real backspace


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with one of the exit codes above."""
    try:
        ended: Any = machi.main(args=arguments, prog_name="machi", standalone_mode=False)
    except click.UsageError as error:
        error.show()
        sys.exit(_USAGE)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # keep Python from complaining at its end
        sys.exit(_PIPE)
    except PermissionError as error:
        click.echo(f"Error: {error.filename or ''}: {error.strerror}; run it as the owner of that file", err=True)
        sys.exit(_PERMISSION)
    except Exception:  # noqa: BLE001 - the last line of defence: say that it is our fault
        traceback.print_exc()
        click.echo("This is a bug in machi. Please report the lines above.", err=True)
        sys.exit(_BUG)
    sys.exit(ended if isinstance(ended, int) else 0)


if __name__ == "__main__":
    main()
