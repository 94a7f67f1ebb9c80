"""``raicl view``: the clips of a cache or a run in a browser. Read `answer` first."""
