"""What mkdocs does besides: pages from files outside docs/, and links between the repository and the site.

A page may link to any file of the repository, so that links work on GitHub as well. On the site a link leads to the
page that shows the file; where no page shows it, the text stands without a link.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]

OUTSIDE = {
    "benchmarks.md": "benchmarks/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
"""Pages of the site that lie elsewhere in the repository."""

PAGE = Path(os.environ.get("AIR_ENVS_PAGE", ROOT / "build" / "think"))
"""What ``air-envs web`` has written; make docs does that where make web has built the page."""

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)(#[^)]*)?\)")
EMBEDDED = (
    '<iframe src="think/index.html" title="A model thinks in the browser" loading="lazy" '
    'style="width: 100%; height: 46rem; border: 1px solid #8884"></iframe>\n\n'
    'The page above runs in your browser. <a href="think/index.html" target="_blank">Open it alone</a>.\n'
)
"""The first words of the site's page about it."""
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def on_config(config: Any) -> Any:
    """Leave pages out of the navigation whose files this checkout lacks."""
    absent = {page for page, source in OUTSIDE.items() if not (ROOT / source).exists()}
    config.nav = [_without(entry, absent) for entry in config.nav]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that lie outside docs/, and a card for each shipped model."""
    for page, source in _sources().items():
        text = FRONT_MATTER.sub("", (ROOT / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, "models.md", content=_list_of_models()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrite the links of a page from the repository's paths to the site's."""
    sources = _sources()
    here = page.file.src_uri
    folder = (ROOT / sources.get(here, f"docs/{here}")).parent
    shown_by = {source: target for target, source in sources.items()} | {"agents/pretrained": "models.md"}

    def link(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        path = Path(os.path.normpath(folder / target))
        if "://" in target or not path.exists():
            return match[0]  # elsewhere, or broken: the strict build says so
        name = path.relative_to(ROOT).as_posix()
        if path.is_dir() and (path / "README.md").exists():
            name = f"{name}/README.md"
        shown = shown_by.get(name)
        if name.startswith("docs/") and (ROOT / name).is_file():
            shown = name.removeprefix("docs/")
        return text if shown is None else f"[{text}]({os.path.relpath(shown, Path(here).parent)}{anchor})"

    shown = LINK.sub(link, markdown)
    if here == "web.md" and PAGE.is_dir():
        title, rest = shown.split("\n", 1)
        shown = f"{title}\n\n{EMBEDDED}\n{rest}"
    return shown


def on_post_build(config: Any) -> None:
    """Put the page that thinks, where there is one, into the site."""
    if PAGE.is_dir():
        shutil.copytree(PAGE, Path(config.site_dir) / "think", dirs_exist_ok=True)


def _sources() -> dict[str, str]:
    """Return each page that lies outside docs/, and its file."""
    cards = {f"models/{card.parent.name}.md": card.relative_to(ROOT).as_posix() for card in _cards()}
    return {page: source for page, source in OUTSIDE.items() if (ROOT / source).exists()} | cards


def _cards() -> list[Path]:
    return sorted((ROOT / "agents" / "pretrained").glob("*/README.md"))


def _list_of_models() -> str:
    lines = "\n".join(f"- [{card.parent.name}](models/{card.parent.name}.md)" for card in _cards())
    return (
        "# Model cards\n\nEach shipped model has a card: its structure, data, training, accuracy and limits. The "
        f"[leaderboard](leaderboard.md) compares them.\n\n{lines}\n"
    )


def _without(entry: Any, absent: set[str]) -> Any:
    """Return an entry of the navigation, a list of titled pages and titled lists, without the absent pages."""
    if isinstance(entry, list):
        return [_without(part, absent) for part in entry if not (isinstance(part, dict) and absent >= _pages(part))]
    if isinstance(entry, dict):
        return {name: _without(part, absent) for name, part in entry.items()}
    return entry


def _pages(entry: dict[str, Any]) -> set[str]:
    return {str(target) for target in entry.values()}
