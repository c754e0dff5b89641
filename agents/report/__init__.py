"""Reports: a model, or all runs of an experiment, on one HTML page that loads nothing and can be passed on.

``write_run_report`` and ``write_sweep_report`` are what ``air-envs report`` calls.
"""

from agents.config.extras import require

require("jinja2", "torch")
