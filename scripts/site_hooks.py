"""Hooks of MkDocs: the programs in examples/ and the changelog are part of the site.

The pages link to files beside docs/, as they do in the repository. There is nothing above the site to link
to, so those files are copied into it, under beside/, and the links are bent.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_LISTED = ("examples/**/*.py", "examples/**/*.toml", "examples/**/*.md", "CHANGELOG.md")
_LEAVES = re.compile(r"\]\(((?:\.\./)+)((?:examples/|CHANGELOG)[^)\s]*)\)")
_ENTERS = re.compile(r"\]\((?:\.\./)*docs/([^)\s]+)\)")


def on_config(config: Any) -> Any:
    """List the decisions in the navigation, each under its heading."""
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    titles = [path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ") for path in pages]
    listed = [{title: f"decisions/{path.name}"} for title, path in zip(titles, pages, strict=True)]
    config["nav"] = [
        {"Decisions": listed} if "Decisions" in section else section for section in config["nav"]
    ]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add what the pages link to from beside docs/."""
    from mkdocs.structure.files import File, InclusionLevel

    for pattern in _LISTED:
        for path in sorted(ROOT.glob(pattern)):
            place = f"beside/{path.relative_to(ROOT).as_posix()}"
            if files.get_file_from_path(place) is None:
                file = File.generated(config, place, abs_src_path=str(path))
                file.inclusion = InclusionLevel.NOT_IN_NAV
                files.append(file)
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Bend the links that leave docs/, and those that lead into it from beside."""
    source: str = page.file.src_uri
    up = "../" * source.count("/")
    if source.startswith("beside/"):
        return _ENTERS.sub(lambda found: f"]({up}{found[1]})", markdown)

    def bent(found: re.Match[str]) -> str:
        leaves = found[1].count("../") == source.count("/") + 1
        return f"]({up}beside/{found[2]})" if leaves else found[0]

    return _LEAVES.sub(bent, markdown)
