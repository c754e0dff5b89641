"""The page that thinks: a static site in which models run in the browser. Its TypeScript is in ``web/``."""
