"""`ntpd112 prompt`: the site's own announcements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from ntpd112.config import Config
from ntpd112.media.site import LANGUAGES, Language, SitePrompts

from .auditing import recorded
from .common import ConfigOption, JsonOption, configuration, fail, print_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Add, list and remove announcements of the site's own. A running agent notices within seconds.

    Example: ntpd112 prompt add welcome recording.wav --language id
    """


PromptName = Annotated[str, typer.Argument(metavar="NAME", help="`ntpd112 prompt list` shows what there is.")]
LanguageOption = Annotated[
    str | None, typer.Option(metavar="LANGUAGE", help="id or en; else the site's language.")
]


@app.command()
def add(
    name: PromptName,
    file: Annotated[Path, typer.Argument(metavar="FILE.wav", help="A recording, mono or stereo.")],
    language: LanguageOption = None,
    config: ConfigOption = None,
) -> None:
    """Convert a recording to what phones carry, at an even loudness, and play it to callers from now on.

    Example: ntpd112 prompt add welcome recording.wav --language id
    """
    settings = configuration(config)
    prompts = _writable(settings)
    spoken = _language(settings, language)
    try:
        with recorded(settings, "prompt add", f"{spoken}/{name}", file=str(file)):
            made = prompts.put(spoken, name, file.read_bytes())
    except ValueError as problem:
        fail(f"{file}: {problem}")
    except OSError as problem:
        fail(str(problem))
    print(f"{name}: {made.seconds:.1f} s")
    for doubt in made.doubts:
        print(f"but {doubt}")


@app.command("list")
def list_(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """List the announcements, built in and the site's own.

    Example: ntpd112 prompt list
    """
    found = SitePrompts(configuration(config).media.prompts).all()
    if as_json:
        print_json([msgspec.structs.asdict(prompt) for prompt in found])
        return
    table = Table("name", "language", "s", "whose")
    for prompt in found:
        whose = (
            "the site's, in place of the built-in" if prompt.replaces else "the site's" if prompt.own else ""
        )
        table.add_row(prompt.name, prompt.language, f"{prompt.seconds:.1f}", whose)
    Console().print(table)


@app.command()
def remove(name: PromptName, language: LanguageOption = None, config: ConfigOption = None) -> None:
    """Remove an announcement of the site's own; the built-in one is played again, if there is one.

    Example: ntpd112 prompt remove welcome --language id
    """
    settings = configuration(config)
    spoken = _language(settings, language)
    prompts = _writable(settings)
    with recorded(settings, "prompt remove", f"{spoken}/{name}"):
        try:
            removed = prompts.remove(spoken, name)
        except (ValueError, OSError) as problem:
            fail(str(problem))
        if not removed:
            shown = "`ntpd112 prompt list` shows all"
            fail(f'the site has no announcement "{name}" of its own in {spoken}; {shown}')


def _writable(settings: Config) -> SitePrompts:
    if settings.media.prompts is None:
        fail('[media] prompts names no folder for announcements of your own: set it, as prompts = "prompts"')
    return SitePrompts(settings.media.prompts)


def _language(settings: Config, given: str | None) -> Language:
    wanted = settings.site.language if given is None else given
    found: Language | None = next((language for language in LANGUAGES if language == wanted), None)
    if found is None:
        fail(f'language "{wanted}" is not one of {", ".join(LANGUAGES)}')
    return found
