"""A rollout on a page: HTML that scrubs through the updates of one puzzle, in notebooks and in reports.

It lies in ``agents.thinking`` and not among the figures, so that thoughts, the stories of ``agents.watching`` and
``agents.report`` can all show themselves with it. It needs neither pygame nor Jinja2.
"""

from agents.thinking.player.markup import Player, assets, colours

__all__ = ["Player", "assets", "colours"]
