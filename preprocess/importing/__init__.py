"""Flow that was computed elsewhere, as a cache. Read `command` first."""
